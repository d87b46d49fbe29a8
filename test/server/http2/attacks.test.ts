// Attacks on HTTP/2: each one ends, costs the app little, and other clients are served meanwhile.

import { describe, expect, it } from 'vitest'
import { answer, httpApp, served } from '../../raw/served.ts'
import { fieldBlock, FLAG, frame, FrameClient, GET, TYPE } from './frame-client.ts'
import { StreamClient } from './stream-client.ts'
import type { Served } from '../../raw/served.ts'

const ENHANCE_YOUR_CALM = 11
const CANCEL = Buffer.from([0, 0, 0, 8])

interface Target extends AsyncDisposable {
  server: Served
  /** The calls of the app. */
  calls(): number
  attacker: FrameClient
}

async function target(): Promise<Target> {
  let calls = 0
  const app = httpApp(async ({ path }, receive, send) => {
    calls += 1
    if (path === '/wait') {
      for await (const event of receive) if (event.type === 'http.disconnect') return
    }
    await answer(send, 'hello')
  })
  const server = await served(app, { http2: true })
  const attacker = await FrameClient.open(server.server.address)
  return {
    server,
    attacker,
    calls: () => calls,
    async [Symbol.asyncDispose]() {
      attacker[Symbol.dispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

async function isServing({ server }: Served): Promise<boolean> {
  using client = new StreamClient(server.url)
  return (await client.ask()).body === 'hello'
}

const at = (path: string): typeof GET => [...GET.slice(0, 3), [':path', path]]

/** Sends frames in bursts, each in a turn of its own, until the connection ends. */
async function flood(
  attacker: FrameClient,
  burst: () => Uint8Array[],
  bursts = 400,
): Promise<void> {
  for (let sent = 0; sent < bursts && !attacker.isEnded; sent += 1) {
    attacker.send(...burst())
    await new Promise((resolve) => setImmediate(resolve))
  }
  await attacker.ended()
}

describe('a session is ended that', () => {
  it('cancels its requests as fast as it sends them (CVE-2023-44487)', async () => {
    await using it = await target()
    let stream = -1
    const pair = (): Uint8Array[] => {
      stream += 2
      return [it.attacker.head(stream, at('/wait')), frame(TYPE.RST_STREAM, 0, stream, CANCEL)]
    }
    await flood(it.attacker, () => Array.from({ length: 50 }, pair).flat())
    expect(await it.attacker.goaway()).toBe(ENHANCE_YOUR_CALM)
    expect(stream).toBeLessThan(2 * 2_000)
    expect(it.calls()).toBeLessThanOrEqual(300)
    expect(it.server.lines.join()).toContain('cancels too many requests')
    expect(await isServing(it.server)).toBe(true)
  })

  it('cancels each request after the app was called', async () => {
    await using it = await target()
    let stream = -1
    let calls = 0
    while (!it.attacker.isEnded && stream < 2_000) {
      stream += 2
      it.attacker.get(stream, at('/wait'))
      calls += 1
      while (it.calls() < calls && !it.attacker.isEnded)
        await new Promise((resolve) => setImmediate(resolve))
      it.attacker.send(frame(TYPE.RST_STREAM, 0, stream, CANCEL))
    }
    expect(await it.attacker.goaway()).toBe(ENHANCE_YOUR_CALM)
    expect(it.calls()).toBeLessThanOrEqual(300)
    expect(await isServing(it.server)).toBe(true)
  })

  it('makes the server reset its requests (CVE-2025-8671)', async () => {
    await using it = await target()
    let stream = -1
    const pair = (): Uint8Array[] => {
      stream += 2
      return [
        it.attacker.head(stream, at('/wait')),
        frame(TYPE.WINDOW_UPDATE, 0, stream, Buffer.alloc(4)),
      ]
    }
    await flood(it.attacker, () => Array.from({ length: 20 }, pair).flat())
    expect(it.calls()).toBeLessThanOrEqual(500)
    expect(await isServing(it.server)).toBe(true)
  })

  it('sends a head in endless CONTINUATION frames (CVE-2024-27983)', async () => {
    await using it = await target()
    it.attacker.send(it.attacker.head(1, GET, FLAG.END_STREAM))
    const part = frame(TYPE.CONTINUATION, 0, 1, fieldBlock([['x-own', 'x'.repeat(100)]]))
    await flood(it.attacker, () => Array<Uint8Array>(50).fill(part))
    expect(it.calls()).toBe(0)
    expect(await isServing(it.server)).toBe(true)
  })

  it.each([
    ['PING', frame(TYPE.PING, 0, 0, Buffer.alloc(8))],
    ['SETTINGS', frame(TYPE.SETTINGS, 0, 0)],
  ])('floods with %s and reads no answer', async (_what, one) => {
    await using it = await target()
    it.attacker.socket.pause()
    const burst = Array<Uint8Array>(10_000).fill(one)
    for (let sent = 0; sent < 200 && it.server.server.stats().connections > 0; sent += 1) {
      it.attacker.send(...burst)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    expect(it.server.server.stats().connections).toBe(0)
    expect(await isServing(it.server)).toBe(true)
  })

  it('floods with empty DATA frames (CVE-2019-9518)', async () => {
    await using it = await target()
    const post: typeof GET = [[':method', 'POST'], ...at('/wait').slice(1)]
    it.attacker.send(it.attacker.head(1, post, FLAG.END_HEADERS))
    await flood(it.attacker, () => Array<Uint8Array>(50).fill(frame(TYPE.DATA, 0, 1)))
    expect(await isServing(it.server)).toBe(true)
  })

  it('refers to one long field again and again (the HPACK bomb)', async () => {
    await using it = await target()
    // Literal with indexing: it is then the entry 62 of the dynamic table.
    const entry = Buffer.concat([
      Buffer.from([0x40]),
      fieldBlock([['x-own', 'x'.repeat(3_000)]]).subarray(1),
    ])
    const bomb = Buffer.concat([fieldBlock(GET), entry, Buffer.alloc(12_000, 0x80 | 62)])
    it.attacker.send(frame(TYPE.HEADERS, FLAG.END_HEADERS | FLAG.END_STREAM, 1, bomb))
    expect(await it.attacker.reset(1)).toBe(ENHANCE_YOUR_CALM)
    expect(it.calls()).toBe(0)
    expect(await isServing(it.server)).toBe(true)
  })
})
