import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { TimerWheel } from '../../src/waiting/timer-wheel.ts'
import { RequestBody } from '../../src/async/request-body.ts'
import { BodyTimeoutError, BodyTooLargeError } from '../../src/errors.ts'

type BodyLimits = ConstructorParameters<typeof RequestBody>[2]
import type { HttpReceiveEvent } from '../../src/contract/events.ts'

const DISCONNECT = { type: 'http.disconnect' }
const WAITING = Symbol('waiting')

interface Fed {
  body: RequestBody
  /** The calls that the engine got. */
  calls: string[]
}

function bodyOf(limits: Partial<BodyLimits> = {}, hasBody = true): Fed {
  const calls: string[] = []
  const flow = {
    start: () => calls.push('start'),
    resume: () => calls.push('resume'),
    pause: () => calls.push('pause'),
  }
  const roomy = {
    highWaterMark: 100,
    maxBytes: Infinity,
    timeoutMs: Infinity,
    wheel: new TimerWheel(),
  }
  return { body: new RequestBody(hasBody, flow, { ...roomy, ...limits }), calls }
}

/** The body of an engine that pushes its chunks inside start(). */
function bodyAtOnce(chunks: string[], limits: Partial<BodyLimits> = {}): RequestBody {
  const start = (): void => {
    for (const chunk of chunks) body.push(Buffer.from(chunk))
    body.end()
  }
  const flow = { start, resume: () => undefined, pause: () => undefined }
  const roomy = {
    highWaterMark: 100,
    maxBytes: Infinity,
    timeoutMs: Infinity,
    wheel: new TimerWheel(),
    ...limits,
  }
  const body = new RequestBody(true, flow, roomy)
  return body
}

function bytes(count: number): Uint8Array {
  return Buffer.alloc(count, 'x')
}

function request(body: string, moreBody: boolean): HttpReceiveEvent {
  return { type: 'http.request', body: Buffer.from(body), moreBody }
}

/** The present state of `pending`. */
function stateOf(pending: Promise<unknown>): Promise<unknown> {
  return Promise.race([pending, new Promise((resolve) => setImmediate(resolve, WAITING))])
}

/** Like {@link stateOf}, for tests with fake timers. */
function stateNow(pending: Promise<unknown>): Promise<unknown> {
  return Promise.race([pending, Promise.resolve().then(() => WAITING)])
}

afterEach(() => {
  vi.useRealTimers()
})

describe('RequestBody: the events in their order', () => {
  it('[3b.14] delivers one empty event for a request without a body, and does not start the engine', async () => {
    const { body, calls } = bodyOf({}, false)
    expect(await body.receive()).toEqual({ ...request('', false), body: new Uint8Array(0) })
    expect(await stateOf(body.receive())).toBe(WAITING)
    expect(calls).toEqual([])
  })

  it('[3b.14] delivers chunks in order, with moreBody for each but the last', async () => {
    const { body } = bodyOf()
    body.push(Buffer.from('a'))
    body.push(Buffer.from('b'))
    expect(await body.receive()).toEqual(request('a', true))
    body.end()
    expect(await body.receive()).toEqual(request('b', false))
  })

  it('[3b.14] ends with an empty event if the end comes after the last chunk', async () => {
    const { body } = bodyOf()
    body.push(Buffer.from('a'))
    expect(await body.receive()).toEqual(request('a', true))
    const last = body.receive()
    body.end()
    body.end()
    expect(await last).toEqual({ ...request('', false), body: new Uint8Array(0) })
    expect(await stateOf(body.receive())).toBe(WAITING)
  })

  it('[3b.14] delivers the bytes that the engine pushes inside start()', async () => {
    const body = bodyAtOnce(['a', 'b'])
    expect(await body.receive()).toEqual(request('a', true))
    expect(await body.receive()).toEqual(request('b', false))
    await expect(bodyAtOnce(['ab'], { maxBytes: 1 }).receive()).rejects.toThrow(BodyTooLargeError)
  })

  it('[3b.15] waits after the last event until the exchange is over', async () => {
    const { body } = bodyOf()
    body.end()
    await body.receive()
    const pending = body.receive()
    expect(await stateOf(pending)).toBe(WAITING)
    body.close()
    expect(await pending).toEqual(DISCONNECT)
  })

  it('[3b.16] delivers the disconnect at once and for ever after the exchange is over', async () => {
    const { body, calls } = bodyOf()
    body.push(bytes(1))
    body.close()
    body.close()
    body.push(bytes(1))
    body.end()
    for (let call = 0; call < 3; call += 1) expect(await body.receive()).toEqual(DISCONNECT)
    expect(calls).toEqual([])
  })

  it('[3b.17] delivers the disconnect, and never a last event, if the body was cut', async () => {
    const { body } = bodyOf()
    body.push(Buffer.from('half'))
    expect(await body.receive()).toEqual(request('half', true))
    const pending = body.receive()
    body.close()
    expect(await pending).toEqual(DISCONNECT)
    expect(await body.receive()).toEqual(DISCONNECT)
  })

  it('gives each app new events, without the changes of another app', async () => {
    for (let request = 0; request < 2; request += 1) {
      const { body } = bodyOf({}, false)
      const last = await body.receive()
      expect(last).toMatchObject({ moreBody: false })
      body.close()
      const gone = await body.receive()
      expect(gone).toEqual(DISCONNECT)
      Object.assign(last, { moreBody: true })
      Object.assign(gone, { type: 'http.request' })
      expect(await body.receive()).toEqual(DISCONNECT)
    }
  })

  it('[3b.20] returns the same promise while one is pending, so that no event is lost', async () => {
    const { body } = bodyOf()
    const abandoned = body.receive()
    const again = body.receive()
    expect(again).toBe(abandoned)
    body.push(Buffer.from('a'))
    body.push(Buffer.from('b'))
    expect(await again).toEqual(request('a', true))
    expect(await body.receive()).toEqual(request('b', true))
  })

  it('[3b.14] keeps every byte in order and ends once, in any order of calls and chunks', async () => {
    const chunks = fc.array(fc.uint8Array({ maxLength: 5 }), { maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(chunks, fc.array(fc.boolean()), async (chunks, readFirst) => {
        const { body } = bodyOf({ highWaterMark: 4 })
        const events: Array<Promise<HttpReceiveEvent>> = []
        for (const [index, chunk] of chunks.entries()) {
          if (readFirst[index]) events.push(body.receive())
          body.push(chunk)
        }
        const taken = await Promise.all(events)
        body.end()
        while (taken.every((event) => event.type === 'http.request' && event.moreBody)) {
          taken.push(await body.receive())
        }
        const bodies = taken.map((event) =>
          Buffer.from(event.type === 'http.request' ? event.body : 'cut'),
        )
        expect(Buffer.concat(bodies)).toEqual(Buffer.concat(chunks))
        expect(taken.slice(0, -1).every((event) => 'moreBody' in event && event.moreBody)).toBe(
          true,
        )
        expect(taken.at(-1)).toMatchObject({ moreBody: false })
      }),
      { numRuns: 200, seed: 14 },
    )
  })
})

describe('RequestBody: the pace', () => {
  it('[3b.19] starts the engine once, at the first receive() that has to wait', async () => {
    const { body, calls } = bodyOf()
    expect(body.started).toBe(false)
    const first = body.receive()
    expect(calls).toEqual(['start'])
    expect(body.started).toBe(true)
    body.push(bytes(1))
    await first
    void body.receive()
    expect(calls).toEqual(['start'])
  })

  it('[3b.18] pauses the engine once at the mark, and resumes it below half of the mark', async () => {
    const { body, calls } = bodyOf({ highWaterMark: 100 })
    for (let count = 0; count < 3; count += 1) body.push(bytes(40))
    expect(calls).toEqual(['pause'])
    await body.receive()
    expect(calls).toEqual(['pause'])
    await body.receive()
    expect(calls).toEqual(['pause', 'resume'])
    body.push(bytes(59))
    expect(calls).toEqual(['pause', 'resume'])
    body.push(bytes(1))
    expect(calls).toEqual(['pause', 'resume', 'pause'])
  })

  it('[3b.18] does not pause for a chunk that the app waits for', async () => {
    const { body, calls } = bodyOf({ highWaterMark: 1 })
    const pending = body.receive()
    body.push(bytes(1_000))
    await pending
    expect(calls).toEqual(['start'])
  })
})

describe('RequestBody: the limits', () => {
  it('[3a.26] accepts a body as long as the limit, and throws 413 for one byte more', async () => {
    const { body } = bodyOf({ maxBytes: 10 })
    body.push(bytes(10))
    expect(await body.receive()).toMatchObject({ moreBody: true })
    const pending = body.receive()
    body.push(bytes(1))
    const fault = new BodyTooLargeError(10)
    await expect(pending).rejects.toEqual(fault)
    await expect(body.receive()).rejects.toMatchObject({ status: 413 })
  })

  it('[3a.26] drops the buffered bytes when the limit is exceeded', async () => {
    const { body } = bodyOf({ maxBytes: 10 })
    body.push(bytes(6))
    body.push(bytes(6))
    body.push(bytes(6))
    body.end()
    await expect(body.receive()).rejects.toBeInstanceOf(BodyTooLargeError)
  })

  it('[3b.16] delivers the disconnect after the end of an exchange whose body broke a limit', async () => {
    const { body } = bodyOf({ maxBytes: 1 })
    body.push(bytes(2))
    await expect(body.receive()).rejects.toBeInstanceOf(BodyTooLargeError)
    body.close()
    expect(await body.receive()).toEqual(DISCONNECT)
  })

  it('throws 408 after an app waited too long for the next byte', async () => {
    vi.useFakeTimers()
    const { body } = bodyOf({ timeoutMs: 1_000 })
    const first = body.receive()
    await vi.advanceTimersByTimeAsync(999)
    body.push(bytes(1))
    await first
    const second = body.receive()
    await vi.advanceTimersByTimeAsync(999)
    expect(await stateNow(second)).toBe(WAITING)
    await vi.advanceTimersByTimeAsync(201)
    await expect(second).rejects.toEqual(new BodyTimeoutError(1_000))
    await expect(body.receive()).rejects.toMatchObject({ status: 408 })
  })

  it('has no timeout while the app does not wait, or waits for the disconnect', async () => {
    vi.useFakeTimers()
    const { body } = bodyOf({ timeoutMs: 1_000 })
    body.push(bytes(1))
    await vi.advanceTimersByTimeAsync(5_000)
    expect(await body.receive()).toMatchObject({ type: 'http.request' })
    body.end()
    await body.receive()
    const last = body.receive()
    await vi.advanceTimersByTimeAsync(5_000)
    expect(await stateNow(last)).toBe(WAITING)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('leaves no timer after any end', async () => {
    vi.useFakeTimers()
    const ends = [
      (body: RequestBody) => body.push(bytes(1)),
      (body: RequestBody) => body.end(),
      (body: RequestBody) => body.fail(new BodyTooLargeError(1)),
      () => undefined,
    ]
    for (const end of ends) {
      const { body } = bodyOf({ timeoutMs: 1_000 })
      const pending = body.receive()
      expect(vi.getTimerCount()).toBe(1)
      end(body)
      body.close()
      await pending.catch(() => undefined)
      await vi.advanceTimersByTimeAsync(100)
      expect(vi.getTimerCount()).toBe(0)
    }
  })

  it('never times out if the timeout is longer than a timer can run', async () => {
    vi.useFakeTimers()
    const { body } = bodyOf({ timeoutMs: 2 ** 40 })
    const pending = body.receive()
    await vi.advanceTimersByTimeAsync(3_600_000)
    body.push(bytes(1))
    expect(await pending).toMatchObject({ type: 'http.request' })
  })
})

describe('RequestBody: the shutdown of the server', () => {
  it('delivers the disconnect to an app that has read the body and waits', async () => {
    const { body } = bodyOf({}, false)
    await body.receive()
    const pending = body.receive()
    body.hintDisconnect()
    expect(await pending).toEqual(DISCONNECT)
  })

  it('does not cut a body that is still read, and delivers the disconnect after its end', async () => {
    const { body } = bodyOf()
    body.hintDisconnect()
    body.push(Buffer.from('a'))
    expect(await body.receive()).toEqual(request('a', true))
    body.end()
    expect(await body.receive()).toMatchObject({ moreBody: false })
    expect(await stateOf(body.receive())).toEqual(DISCONNECT)
    expect(await stateOf(body.receive())).toEqual(DISCONNECT)
  })
})

describe('RequestBody: many small pieces', () => {
  it('cost the app few events, however many of them wait', async () => {
    const { body } = bodyOf({ highWaterMark: 65_536 })
    const first = body.receive()
    for (let piece = 0; piece < 50_000; piece += 1) body.push(bytes(1))
    body.end()
    const events = [await first]
    for (;;) {
      const last = events.at(-1)
      if (last?.type !== 'http.request' || !last.moreBody) break
      events.push(await body.receive())
    }
    const length = events.reduce(
      (sum, event) => sum + (event.type === 'http.request' ? event.body.length : 0),
      0,
    )
    expect(length).toBe(50_000)
    expect(events.length).toBeLessThan(30)
  })
})
