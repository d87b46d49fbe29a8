// The callback of Express's sendFile() under fromNode() and under node:http.

import { createRequire } from 'node:module'
import { expect, it } from 'vitest'
import { SUBJECTS } from './subjects.ts'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { NodeHandler } from 'isthmus/adapters'

type Sent = (error?: Error & { code?: string }) => void
type Response = ServerResponse & { sendFile(path: string, sent: Sent): void }
type Express = NodeHandler & {
  get(path: string, handler: (req: IncomingMessage, res: Response) => void): void
}

const express = createRequire(import.meta.url)('express') as () => Express
const PAGE = new URL('apps/page.html', import.meta.url).pathname

it.each(SUBJECTS)('gets the error of a client that resets at once ($name)', async ({ host }) => {
  const app = express()
  let leave: () => void = () => undefined
  let code: string | undefined
  app.get('/', (_req, res) => {
    setImmediate(() => res.sendFile(PAGE, (error) => (code = error?.code ?? 'complete')))
    leave()
  })
  await using hosted = await host(app)
  using client = await hosted.connect()
  leave = () => client.reset()
  client.send('GET / HTTP/1.1\r\nHost: example.test\r\n\r\n')
  await expect.poll(() => code, { timeout: 30_000 }).toBe('ECONNABORTED')
})
