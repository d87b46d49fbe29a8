// A bare node:http that takes or sends a gibibyte, for comparison.

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'

const BLOCK = 65_536
const BLOCKS = Number(process.env['TRANSFER_MIB'] ?? 1_024) * 16

/** Resolves when the server listens. The process ends it. */
export async function bareServer(): Promise<Server> {
  const bare = createServer((req, res) => void transfer(req, res))
  bare.listen(0, '127.0.0.1')
  await once(bare, 'listening')
  return bare
}

async function transfer(req: IncomingMessage, res: ServerResponse): Promise<void> {
  for await (const _chunk of req);
  const blocks = req.method === 'GET' ? BLOCKS : 0
  for (let block = 0; block < blocks; block += 1) {
    if (!res.write(Buffer.alloc(BLOCK))) await once(res, 'drain')
  }
  res.end()
}
