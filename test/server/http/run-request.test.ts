import { STATUS_CODES } from 'node:http'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { BodyTimeoutError, BodyTooLargeError } from '../../../src/errors.ts'
import { failureOf, turn } from '../../bridge/host.ts'
import { startCycle } from '../fake-http-transport.ts'
import type { EventApp, ReceiveEvent } from '../../../src/contract/events.ts'

// Other versions of Node have another reason here.
const TOO_LARGE = `chunk ${STATUS_CODES[413]}\n`
const START = { type: 'http.response.start', status: 200 } as const
const LAST = { type: 'http.response.body', body: 'b' } as const
const upload = { request: { hasBody: true } }

/** Reads the body, then answers with it. */
const echo: EventApp = async (_scope, receive, send) => {
  const parts: Uint8Array[] = []
  for await (const event of receive) {
    if (event.type !== 'http.request') return
    parts.push(event.body)
    if (!event.moreBody) break
  }
  await send(START)
  await send({ type: 'http.response.body', body: Buffer.concat(parts) })
}

const deaf: EventApp = async (_scope, _receive, send) => {
  await send(START)
  await send(LAST)
}

afterEach(() => {
  vi.useRealTimers()
})

describe('HttpRun: the request body', () => {
  it('[3b.14] reaches the app in order', async () => {
    const { cycle, transport, done } = startCycle(echo, upload)
    cycle.onBody(Buffer.from('ab'))
    cycle.onBody(Buffer.from('c'))
    cycle.onBodyEnd()
    await done
    expect(transport.calls).toEqual(['resume', 'head 200', 'chunk abc', 'end'])
  })

  it('[3b.18] pauses the engine at 64 KiB, and resumes it when half of the bytes were read', async () => {
    const sizes: number[] = []
    let goOn: () => void = () => undefined
    const { cycle, transport, done } = startCycle(async (_scope, receive, send) => {
      sizes.push((await receive()).body?.length ?? -1)
      await new Promise<void>((resolve) => (goOn = resolve))
      for (let count = 0; count < 3; count += 1) sizes.push((await receive()).body?.length ?? -1)
      await send(START)
      await send(LAST)
    }, upload)
    for (let count = 0; count < 4; count += 1) cycle.onBody(Buffer.alloc(30_000))
    await turn()
    expect(transport.calls).toEqual(['resume', 'pause'])
    goOn()
    await done
    expect(sizes).toEqual([30_000, 30_000, 30_000, 30_000])
    expect(transport.calls.slice(0, 3)).toEqual(['resume', 'pause', 'resume'])
  })

  it('[3b.17] says disconnect when the client leaves in the middle of the body', async () => {
    const seen: ReceiveEvent[] = []
    const { cycle, done } = startCycle(async (_scope, receive) => {
      for await (const event of receive) seen.push(event)
    }, upload)
    cycle.onBody(Buffer.from('ab'))
    await turn()
    cycle.onDisconnect()
    await done
    expect(seen).toEqual([
      { type: 'http.request', body: Buffer.from('ab'), moreBody: true },
      { type: 'http.disconnect' },
    ])
  })

  it('[3b.14] asks the engine for nothing if the request has no body', async () => {
    const { transport, done } = startCycle(echo)
    await done
    expect(transport.calls).toEqual(['head 200', 'end'])
  })

  it('asks the engine for nothing when the app does not read', async () => {
    const { cycle, transport, done } = startCycle(deaf, upload)
    await done
    expect(transport.calls).toEqual(['head 200', 'chunk b', 'end'])
    cycle.onBody(Buffer.from('late'))
    cycle.onBodyEnd()
  })
})

describe('HttpRun: Expect: 100-continue', () => {
  const expecting = { request: { hasBody: true, expectsContinue: true } }

  it('[3b.19] continues at the first receive(), once', async () => {
    const { cycle, transport, done } = startCycle(echo, expecting)
    expect(transport.calls).toEqual(['continue', 'resume'])
    cycle.onBody(Buffer.from('ab'))
    cycle.onBodyEnd()
    await done
    expect(transport.calls).toEqual(['continue', 'resume', 'head 200', 'chunk ab', 'end'])
    expect(transport.heads[0]).toEqual([['content-length', '2']])
  })

  it('[3a.27] sends no 100 when the app answers without reading, and closes the connection', async () => {
    const { transport, done } = startCycle(deaf, expecting)
    await done
    expect(transport.calls).toEqual(['head 200', 'chunk b', 'end'])
    expect(transport.heads[0]?.at(-1)).toEqual(['connection', 'close'])
  })

  it('[3b.19] sends no 100 after the head', async () => {
    const { cycle, transport, done } = startCycle(async (_scope, receive, send) => {
      await send(START)
      await send({ ...LAST, moreBody: true })
      await receive()
      await send(LAST)
    }, expecting)
    await turn()
    cycle.onBodyEnd()
    await done
    expect(transport.calls).toEqual(['head 200', 'chunk b', 'resume', 'chunk b', 'end'])
  })
})

describe('HttpRun: limits of the request body', () => {
  const limited = { settings: { maxBodyBytes: 4 } }

  it('[3a.26] answers 413 by the announced length, without calling the app', async () => {
    let calls = 0
    const app: EventApp = async (scope, receive, send) => {
      calls += 1
      await deaf(scope, receive, send)
    }
    const request = { hasBody: true, contentLength: 5, expectsContinue: true }
    const { transport, log, done } = startCycle(app, { ...limited, request })
    await done
    expect(calls).toBe(0)
    expect(transport.calls).toEqual(['head 413', TOO_LARGE, 'end'])
    expect(transport.heads[0]?.at(-1)).toEqual(['connection', 'close'])
    expect(log.lines.map((line) => line.split(':')[0])).toEqual(['info'])
  })

  it('[3a.26] takes a body of exactly the limit', async () => {
    const request = { hasBody: true, contentLength: 4 }
    const { cycle, transport, done } = startCycle(echo, { ...limited, request })
    cycle.onBody(Buffer.from('abcd'))
    cycle.onBodyEnd()
    await done
    expect(transport.calls).toContain('chunk abcd')
  })

  it('[3a.26] answers 413 when a chunked body exceeds the limit, and closes the connection', async () => {
    const { cycle, transport, done } = startCycle(echo, { ...upload, ...limited })
    cycle.onBody(Buffer.from('abcde'))
    await done
    expect(transport.calls.slice(1)).toEqual(['head 413', TOO_LARGE, 'end'])
    expect(transport.heads[0]?.at(-1)).toEqual(['connection', 'close'])
  })

  it('[3a.26] replaces a start that is held, and cuts after the head', async () => {
    const held = startCycle(
      async (_scope, receive, send) => {
        await send(START)
        await receive()
      },
      { ...upload, ...limited },
    )
    await turn()
    held.cycle.onBody(Buffer.from('abcde'))
    await held.done
    expect(held.transport.calls.slice(1)).toEqual(['head 413', TOO_LARGE, 'end'])

    const sent = startCycle(
      async (_scope, receive, send) => {
        await send(START)
        await send({ ...LAST, moreBody: true })
        await receive()
      },
      { ...upload, ...limited },
    )
    await turn()
    sent.cycle.onBody(Buffer.from('abcde'))
    await sent.done
    expect(sent.transport.calls).toEqual(['head 200', 'chunk b', 'resume', 'destroy'])
  })

  it('lets an app answer a broken limit by itself', async () => {
    const failures: unknown[] = []
    const { cycle, transport, log, done } = startCycle(
      async (_scope, receive, send) => {
        failures.push(await failureOf(receive()))
        await send({ ...START, status: 422 })
        await send(LAST)
        failures.push(await receive())
      },
      { ...upload, ...limited },
    )
    cycle.onBody(Buffer.from('abcde'))
    await done
    expect(failures).toEqual([new BodyTooLargeError(4), { type: 'http.disconnect' }])
    expect(transport.calls.slice(1)).toEqual(['head 422', 'chunk b', 'end'])
    expect(log.lines).toEqual([])
  })

  it('answers 408 when the body stops arriving', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { transport, log, done } = startCycle(echo, {
      ...upload,
      settings: { bodyTimeoutMs: 1_000 },
    })
    await vi.advanceTimersByTimeAsync(1_000)
    await done
    expect(transport.calls).toEqual(['resume', 'head 408', 'chunk Request Timeout\n', 'end'])
    expect(log.lines[0]).toContain(new BodyTimeoutError(1_000).message)
  })
})
