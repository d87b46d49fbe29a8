// A slow client holds no thread: requests and responses wait in the gateway.

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { threads } from 'isthmus'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { served } from '../../raw/served.ts'
import { eventually } from '../behaviour-host.ts'
import type { IncomingMessage } from 'node:http'
import type { ThreadOptions } from 'isthmus'
import type { RawClient } from '../../raw/raw-client.ts'
import type { Served } from '../../raw/served.ts'

const APP = new URL('../../fixtures/threads/buffering-app.js', import.meta.url)
const MIB = 1024 * 1024
const SMALL = { maxResponseMemoryBytes: 65_536, maxResponseFileBytes: 262_144 }

type ThreadsApp = ReturnType<typeof threads>

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'buffering-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function pool(options: ThreadOptions = {}): { app: ThreadsApp; start: () => Promise<Served> } {
  const app = threads(APP, { min: options.max ?? 2, max: 2, ...options })
  return { app, start: () => served(app, { lifespan: 'on', graceMs: 200 }) }
}

async function ask({ server }: Served, path: string, body?: string): Promise<string> {
  const signal = AbortSignal.timeout(30_000)
  const post = body === undefined ? {} : { method: 'POST', body }
  const response = await fetch(server.url + path, { signal, ...post })
  return response.text()
}

/** A response that the test has not begun to read. */
async function open({ server }: Served, path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = get(server.url + path, { agent: false, timeout: 10_000 }, (response) => {
      response.pause()
      resolve(response)
    })
    request.on('error', reject)
    request.on('timeout', () => request.destroy(new Error('the server was silent for 10 s')))
  })
}

/** The number of bytes; throws if they are not those of `/blocks`, or were cut. */
async function readBlocks(response: IncomingMessage): Promise<number> {
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    for (let at = 0; at < chunk.length; at += 4_099) {
      if (chunk[at] !== (length + at) >> 20) throw new Error(`byte ${length + at} is wrong`)
    }
    length += chunk.length
  }
  return length
}

const announce = (client: RawClient, path = '/size', length = 100): void =>
  client.send(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${length}\r\n\r\n`)

describe('a slow sender', { timeout: 60_000 }, () => {
  it('holds no thread: two that send one byte of a hundred do not stop two threads', async () => {
    const { app, start } = pool()
    await using server = await start()
    const slow = await Promise.all([server.connect(), server.connect()])
    for (const client of slow) announce(client)
    for (const client of slow) client.send('x')
    await eventually(() => app.stats().buffering.requests === 2)
    for (let round = 0; round < 20; round += 1) expect(await ask(server, '/')).toBe('fresh')
    expect(app.stats()).toMatchObject({
      inFlight: 0,
      queued: 0,
      buffering: { requests: 2, memoryBytes: 2, fileBytes: 0 },
    })

    for (const client of slow) client.send('x'.repeat(99))
    for (const client of slow) expect((await client.response()).body).toBe('100 true')
    expect(app.stats().buffering).toEqual({ requests: 0, memoryBytes: 0, fileBytes: 0 })
    for (const client of slow) client.socket.destroy()
  })

  it('may send a body that is longer than the memory, and than the file', async () => {
    const bounds = { maxRequestMemoryBytes: 50_000, maxRequestFileBytes: 500_000 }
    const { app, start } = pool({ buffering: { ...bounds, directory: folder } })
    await using server = await start()
    for (const length of [1, 50_000, 50_001, 400_000, 2_000_000]) {
      expect(await ask(server, '/size', 'x'.repeat(length))).toBe(`${length} true`)
    }
    await eventually(() => app.stats().buffering.fileBytes === 0)
  })

  it('streams without buffering', async () => {
    const { start } = pool({ max: 1, buffering: false })
    await using server = await start()
    using client = await server.connect()
    const file = join(folder, 'gate')
    announce(client, `/gated?${file}`)
    await client.head()
    expect(await client.chunk()).toBe('first')
    writeFileSync(file, '')
  })

  it('never starts the app if it leaves', async () => {
    const { app, start } = pool({
      max: 1,
      buffering: { maxRequestMemoryBytes: 1_000, directory: folder },
    })
    await using server = await start()
    for (const sent of [1, 5_000]) {
      using client = await server.connect()
      announce(client, '/size', 10_000)
      client.send('x'.repeat(sent))
      const { buffering } = app.stats()
      await eventually(() => {
        const { memoryBytes, fileBytes } = app.stats().buffering
        return memoryBytes + fileBytes === sent
      })
      expect(buffering.requests).toBeLessThanOrEqual(1)
      client.reset()
      await eventually(() => app.stats().buffering.requests === 0)
      await eventually(() => app.stats().buffering.fileBytes === 0)
      expect(app.stats().buffering.memoryBytes).toBe(0)
    }
    expect(await ask(server, '/runs')).toBe('0')
  })

  it('gets 100 Continue when its body is awaited, although all threads are busy', async () => {
    const { start } = pool({ max: 1 })
    await using server = await start()
    const file = join(folder, 'gate')
    const busy = ask(server, `/gated?${file}`)
    await eventually(() => existsSync(`${file}.begun`))
    using client = await server.connect()
    client.send(
      'POST /size HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\nexpect: 100-continue\r\n\r\n',
    )
    expect(await client.bytes(25)).toBe('HTTP/1.1 100 Continue\r\n\r\n')
    client.send('xxx')
    writeFileSync(file, '')
    expect((await client.response()).body).toBe('3 true')
    expect(await busy).toBe('firstsecond')
  })

  it('gets 503 before it sends its body if the queue is full', async () => {
    const { app, start } = pool({ max: 1, maxQueue: 1 })
    await using server = await start()
    const file = join(folder, 'gate')
    const busy = ask(server, `/gated?${file}`)
    await eventually(() => existsSync(`${file}.begun`))
    const waiting = ask(server, '/')
    await eventually(() => app.stats().queued === 1)
    using client = await server.connect()
    client.send(
      'POST /size HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\nexpect: 100-continue\r\n\r\n',
    )
    const { status, headers } = await client.response()
    expect(status).toBe(503)
    expect(headers).toContainEqual(['retry-after', '1'])
    expect(app.stats().refused).toBe(1)
    writeFileSync(file, '')
    expect([await busy, await waiting]).toEqual(['firstsecond', 'fresh'])
  })

  it('never starts the app if it leaves while it waits for a thread', async () => {
    const { app, start } = pool({ max: 1 })
    await using server = await start()
    const file = join(folder, 'gate')
    const busy = ask(server, `/gated?${file}`)
    await eventually(() => existsSync(`${file}.begun`))
    for (const length of [3, 300_000]) {
      using client = await server.connect()
      announce(client, '/size', length)
      client.send('x'.repeat(length))
      await eventually(() => app.stats().queued === 1)
      client.reset()
      await eventually(() => app.stats().queued === 0)
      expect(app.stats().buffering).toEqual({ requests: 0, memoryBytes: 0, fileBytes: 0 })
    }
    writeFileSync(file, '')
    expect(await busy).toBe('firstsecond')
    expect(await ask(server, '/runs')).toBe('1')
  })

  it('has the grace of a shutdown to send the rest, and its app knows of the shutdown', async () => {
    const { app, start } = pool({ max: 1 })
    const server = await start()
    using client = await server.connect()
    announce(client, '/signal', 2)
    client.send('x')
    await eventually(() => app.stats().buffering.requests === 1)
    const closed = server.server.close({ graceMs: 8_000 })
    client.send('x')
    expect((await client.response()).body).toBe('true ServerShutdownError')
    expect(await closed).toEqual({ forced: false })
  })

  it('is cut after the grace of a shutdown', async () => {
    const { app, start } = pool({ max: 1 })
    const server = await start()
    using client = await server.connect()
    announce(client)
    client.send('x')
    await eventually(() => app.stats().buffering.requests === 1)
    await server[Symbol.asyncDispose]()
    await client.ended()
    expect(await client.rest()).not.toContain('200 OK')
    expect(server.lines.filter((line) => line.startsWith('error'))).toEqual([])
  })
})

describe('a slow reader', { timeout: 60_000 }, () => {
  it('holds no thread: eight that do not read 8 MiB do not stop two threads', async () => {
    const { app, start } = pool({ buffering: { directory: folder } })
    await using server = await start()
    const slow = await Promise.all(Array.from({ length: 8 }, () => open(server, '/blocks?8')))
    for (let round = 0; round < 20; round += 1) expect(await ask(server, '/')).toBe('fresh')
    await eventually(() => app.stats().inFlight === 0)
    expect(app.stats()).toMatchObject({ completed: 28, queued: 0 })
    expect(app.stats().buffering.memoryBytes).toBeLessThanOrEqual(8 * 1.3 * MIB)
    expect(await Promise.all(slow.map(readBlocks))).toEqual(Array(8).fill(8 * MIB))
    await eventually(() => app.stats().buffering.fileBytes === 0)
    expect(app.stats().buffering.memoryBytes).toBe(0)
  })

  it('gets each chunk at once as long as it reads', async () => {
    const { start } = pool()
    await using server = await start()
    using client = await server.connect()
    const file = join(folder, 'gate')
    client.send(`GET /gated?${file} HTTP/1.1\r\nhost: x\r\n\r\n`)
    await client.head()
    expect(await client.chunk()).toBe('first')
    writeFileSync(file, '')
    expect(await client.chunk()).toBe('second')
    expect(await client.chunk()).toBeNull()
  })

  it('gets the whole response of a thread that has ended meanwhile', async () => {
    const { app, start } = pool({ max: 1, maxRequests: 1, buffering: { directory: folder } })
    await using server = await start()
    const slow = await open(server, '/blocks?16')
    await eventually(() => app.stats().completed === 1)
    expect(await ask(server, '/runs')).toBe('0')
    await eventually(() => app.stats().buffering.fileBytes > 0)
    expect(await readBlocks(slow)).toBe(16 * MIB)
  })

  it.each([
    ['the file is full', SMALL],
    ['there is no room in all files', { ...SMALL, maxTotalFileBytes: 100_000 }],
    ['there is no file', { ...SMALL, maxResponseFileBytes: 0 }],
    ['the directory is missing', { ...SMALL, directory: '/missing' }],
    ['buffering is off', false as const],
  ])('holds its thread if %s, and gets every byte', async (_case, given) => {
    const buffering = given && { directory: folder, ...given }
    const { app, start } = pool({ max: 1, buffering })
    await using server = await start()
    const slow = await open(server, '/blocks?32')
    const waiting = ask(server, '/')
    await eventually(() => app.stats().buffering.memoryBytes > 65_536)
    for (let round = 0; round < 10; round += 1) {
      await new Promise((resolve) => setTimeout(resolve, 10))
      expect(app.stats()).toMatchObject({ inFlight: 1, completed: 0, queued: 1 })
      expect(app.stats().buffering.memoryBytes).toBeLessThan(MIB)
      expect(app.stats().buffering.fileBytes).toBeLessThanOrEqual(262_144)
    }
    expect(await readBlocks(slow)).toBe(32 * MIB)
    expect(await waiting).toBe('fresh')
    const lines = server.lines.filter((line) => line.startsWith('error: a temporary file'))
    expect(lines.length).toBe(buffering && buffering.directory === '/missing' ? 1 : 0)
  })

  it.each(['/breaks', '/exits'])(
    'of a response that fails after it was stored sees a cut: %s',
    async (path) => {
      const { app, start } = pool({ max: 1, buffering: { directory: folder } })
      await using server = await start()
      const slow = await open(server, `${path}?16`)
      await eventually(() => {
        const { crashes, completed } = app.stats()
        return crashes + completed === 1
      })
      await expect(readBlocks(slow)).rejects.toThrow('aborted')
      await eventually(() => app.stats().buffering.fileBytes === 0)
      expect(await ask(server, '/')).toBe('fresh')
    },
  )

  it('that leaves frees the file at once', async () => {
    const { app, start } = pool({ max: 1, buffering: { directory: folder } })
    await using server = await start()
    const slow = await open(server, '/blocks?32')
    await eventually(() => app.stats().completed === 1 && app.stats().buffering.fileBytes > 0)
    slow.destroy()
    await eventually(() => app.stats().buffering.fileBytes === 0)
    expect(app.stats().buffering).toEqual({ requests: 0, memoryBytes: 0, fileBytes: 0 })
    expect(server.lines.filter((line) => line.startsWith('error'))).toEqual([])
  })

  it('that leaves while its response is still made stops the app', async () => {
    const { app, start } = pool({ max: 1, buffering: { ...SMALL, directory: folder } })
    await using server = await start()
    const slow = await open(server, '/blocks?16')
    await eventually(() => app.stats().buffering.fileBytes > 0)
    slow.destroy()
    expect(await ask(server, '/')).toBe('fresh')
    await eventually(() => app.stats().buffering.fileBytes === 0)
  })

  it('costs only its own time: the thread has `timeoutMs` without the time of the client', async () => {
    // The time suffices for the thread on a machine with much other work.
    const { app, start } = pool({ max: 1, timeoutMs: 5_000, buffering: { directory: folder } })
    await using server = await start()
    const slow = await open(server, '/blocks?16')
    await eventually(() => app.stats().completed === 1)
    await new Promise((resolve) => setTimeout(resolve, 5_200))
    expect(await readBlocks(slow)).toBe(16 * MIB)
    expect(app.stats().timedOut).toBe(0)
  })

  it('gets tiny pieces, and text, as they were made', async () => {
    const { start } = pool({ buffering: { ...SMALL, directory: folder } })
    await using server = await start()
    const [tiny, text] = await Promise.all([open(server, '/tiny?50000'), open(server, '/text?60')])
    await new Promise((resolve) => setTimeout(resolve, 100))
    let at = 0
    for await (const chunk of tiny as AsyncIterable<Buffer>) {
      for (const byte of chunk) if (byte !== at++ % 251) throw new Error(`byte ${at - 1} is wrong`)
    }
    expect(at).toBe(50_000)
    const chunks: Buffer[] = []
    for await (const chunk of text as AsyncIterable<Buffer>) chunks.push(chunk)
    expect(Buffer.concat(chunks).toString() === 'größer '.repeat(600_000)).toBe(true)
  })
})
