// multer takes uploads through fromNode(), on the event loop and in a thread, as under node:http.

import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setEnvironmentData } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { threads } from 'isthmus'
import { served } from '../../raw/served.ts'
import { SUBJECTS } from './subjects.ts'
import type { NodeHandler } from 'isthmus/adapters'
import type { RawClient } from '../../raw/raw-client.ts'
import type { Hosted } from './subjects.ts'

const MODULE = new URL('./apps/uploads.js', import.meta.url)
const { uploadsApp } = (await import(MODULE.href)) as {
  uploadsApp: (folder: string) => NodeHandler
}
const BLOCK = Buffer.alloc(64 * 1024, 'isthmus ')
const BOUNDARY = '----part'
const BEGIN = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n`
const END = `\r\n--${BOUNDARY}--\r\n`
const DEADLINE_MS = 60_000

const HOSTS: Array<[name: string, host: (app: NodeHandler) => Promise<Hosted>]> = [
  ...SUBJECTS.map(({ name, host }): [string, typeof host] => [name, host]),
  // The module has an app of its own, in the same folder.
  [
    'fromNode in a thread',
    () => served(threads(MODULE, { max: 1, style: 'node' }), { lifespan: 'on' }),
  ],
]

interface Seen {
  errors: string[]
  files: number
  open: number
  mostBytes: number
}

describe.each(HOSTS)('multer in Express under %s', { timeout: DEADLINE_MS }, (name, host) => {
  let hosted: Hosted
  const folder = mkdtempSync(join(tmpdir(), 'isthmus-uploads-'))
  beforeAll(async () => {
    setEnvironmentData('uploads', folder)
    hosted = await host(uploadsApp(folder))
  }, DEADLINE_MS)
  afterAll(async () => {
    await hosted[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
  })

  const seen = async (): Promise<Seen> => {
    using client = await hosted.connect(DEADLINE_MS)
    client.send('GET /seen HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    return JSON.parse((await client.response()).body) as Seen
  }

  it('tells the error handler of an aborted upload, and leaves no file and no descriptor', async () => {
    using client = await hosted.connect(DEADLINE_MS)
    client.send(head(10))
    client.send(BLOCK)
    await expect.poll(seen, { timeout: 30_000 }).toMatchObject({ files: 1, errors: [] })
    client.reset()
    const end = { errors: ['Request aborted'], files: 0, open: 0 }
    await expect.poll(seen, { timeout: 30_000 }).toMatchObject(end)
  })

  // One upload of 100 MiB on each engine; a thread gets its bytes from the same engine.
  const blocks = name === 'fromNode' ? 1_600 : 160
  it(`takes a file of ${blocks / 16} MiB whole, and holds only a part in memory`, async () => {
    using client = await hosted.connect(DEADLINE_MS)
    client.send(head(blocks))
    const hash = await sendBlocks(client, blocks)
    const { status, body } = await client.response()
    expect(status).toBe(200)
    expect(JSON.parse(body)).toEqual({ size: blocks * BLOCK.length, hash })
    // A piece that has just arrived, and those before it below the high-water mark.
    expect((await seen()).mostBytes).toBeLessThanOrEqual(128 * 1024)
    expect(await seen()).toMatchObject({ files: 0, open: 0 })
  })
})

function head(blocks: number): string {
  const length = BEGIN.length + blocks * BLOCK.length + END.length
  const type = `multipart/form-data; boundary=${BOUNDARY}`
  return `POST /upload HTTP/1.1\r\nHost: a\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\n\r\n${BEGIN}`
}

// At the pace of the server.
async function sendBlocks({ socket }: RawClient, blocks: number): Promise<string> {
  const hash = createHash('sha256')
  for (let at = 0; at < blocks; at += 1) {
    const block = Buffer.from(BLOCK)
    block.writeUInt32LE(at)
    hash.update(block)
    if (!socket.write(block)) await new Promise((resolve) => socket.once('drain', resolve))
  }
  socket.write(END)
  return hash.digest('hex')
}
