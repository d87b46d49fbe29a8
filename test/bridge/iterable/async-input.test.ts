import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AsyncInput } from '../../../src/bridge/iterable/async-input.ts'
import { makeReceive } from '../../../src/async/receive.ts'
import { AppError, ClientDisconnectedError, WouldDeadlockError } from '../../../src/errors.ts'
import { BytesSource, Input } from '../../../src/sync/input.ts'
import { failureOf, Host } from '../host.ts'
import type { ReceiveEvent } from '../../../src/contract/events.ts'

function inputOf(...parts: Array<string | null>): AsyncInput {
  return new AsyncInput(new Host(...parts).receive)
}

async function text(bytes: Promise<Uint8Array>): Promise<string> {
  return Buffer.from(await bytes).toString()
}

async function linesOf(input: AsyncInput): Promise<string[]> {
  const lines: string[] = []
  for await (const line of input) lines.push(Buffer.from(line).toString())
  return lines
}

describe('AsyncInput', () => {
  it('[3a.22] reads the given number of bytes, or the rest with the buffered bytes', async () => {
    const input = inputOf('abcd', 'ef', 'gh')
    expect(await text(input.readAsync(1))).toBe('a')
    expect(await text(input.readAsync(4))).toBe('bcde')
    expect(await text(input.readAsync(0))).toBe('')
    expect(await text(input.readAsync())).toBe('fgh')
    expect(await text(inputOf('ab').readAsync(-1))).toBe('ab')
  })

  it('[3a.22] returns the bytes that have come from read1Async, and waits only if there are none', async () => {
    const input = inputOf('', 'abc', 'd', '')
    expect(await text(input.read1Async(2))).toBe('ab')
    expect(await text(input.read1Async(2))).toBe('c')
    expect(await text(input.read1Async(2))).toBe('d')
    expect(await text(input.read1Async(2))).toBe('')
  })

  it('[3a.23] iterates lines with their ends; a blank line is not the end', async () => {
    expect(await linesOf(inputOf('a\n\nb', 'c\n', '\n', 'd'))).toEqual([
      'a\n',
      '\n',
      'bc\n',
      '\n',
      'd',
    ])
    expect(await linesOf(inputOf('a\n', ''))).toEqual(['a\n'])
    expect(await linesOf(inputOf(''))).toEqual([])
  })

  it('[3a.24] is empty at the end, for every call', async () => {
    const input = inputOf('a')
    await input.readAsync()
    for (let call = 0; call < 3; call += 1) {
      expect(await text(input.readAsync())).toBe('')
      expect(await text(input.readAsync(1))).toBe('')
      expect(await text(input.read1Async(1))).toBe('')
      expect(await linesOf(input)).toEqual([])
    }
  })

  it('[3a.25] throws if the body was cut, for every call, and never looks like an end', async () => {
    const input = inputOf('a\nb', null)
    expect(await text(input.readAsync(2))).toBe('a\n')
    for (let call = 0; call < 2; call += 1) {
      expect(await failureOf(input.readAsync())).toBeInstanceOf(ClientDisconnectedError)
      expect(await failureOf(input.readAsync(2))).toBeInstanceOf(ClientDisconnectedError)
      expect(await failureOf(linesOf(input))).toBeInstanceOf(ClientDisconnectedError)
    }
    expect(await text(input.read1Async(2))).toBe('b')
    expect(await failureOf(input.read1Async(2))).toBeInstanceOf(ClientDisconnectedError)
  })

  it('[3a.25] throws the error of receive()', async () => {
    const broken = new Error('broken')
    const input = new AsyncInput(makeReceive(() => Promise.reject(broken)))
    expect(await failureOf(input.readAsync())).toBe(broken)
    expect(await failureOf(input.read1Async(1))).toBe(broken)
  })

  it('[3a.27] receives events only on demand', async () => {
    let received = 0
    const receive = makeReceive(() => {
      received += 1
      return Promise.resolve({ type: 'http.request', body: Buffer.from('ab'), moreBody: true })
    })
    const input = new AsyncInput(receive)
    expect(received).toBe(0)
    await input.readAsync(3)
    expect(received).toBe(2)
    await input.readAsync(1)
    expect(received).toBe(2)
  })

  it('[3b.20] neither loses nor repeats bytes when several reads wait at once', async () => {
    const waiting: Array<(event: ReceiveEvent) => void> = []
    let pending: Promise<ReceiveEvent> | undefined
    // Like the server: a second call while one is pending gets the same promise.
    const receive = makeReceive(() => {
      pending ??= new Promise<ReceiveEvent>((resolve) => waiting.push(resolve)).finally(() => {
        pending = undefined
      })
      return pending
    })
    const input = new AsyncInput(receive)
    const reads = [input.readAsync(2), input.readAsync(2), input.read1Async(9)]
    for (const body of ['abc', 'de']) {
      waiting.shift()?.({ type: 'http.request', body: Buffer.from(body), moreBody: true })
      await new Promise((resolve) => setImmediate(resolve))
    }
    const taken = await Promise.all(reads.map(text))
    expect(taken.join('').length).toBe(5)
    expect(Array.from(taken.join('')).toSorted().join('')).toBe('abcde')
  })

  it('[3a.65] refuses blocking calls, and names the call to use instead', () => {
    const input = inputOf('a')
    const remedy = 'use `await input.readAsync(size)` or `for await (const line of input)`'
    const calls: Array<[string, () => unknown]> = [
      ['read', () => input.read()],
      ['readline', () => input.readline()],
      ['readlines', () => input.readlines()],
      ['iteration', () => [...input]],
    ]
    for (const [method, call] of calls) {
      expect(call).toThrow(
        new WouldDeadlockError(`wsgi.input ${method} would block the event loop; ${remedy}`),
      )
    }
  })

  it('refuses a size that is not a whole number of bytes, and loses no byte', async () => {
    const input = inputOf('abc')
    for (const size of [Number.NaN, 1.5, '1', null]) {
      expect(await failureOf(input.readAsync(size as number))).toBeInstanceOf(AppError)
      expect(await failureOf(input.read1Async(size as number))).toBeInstanceOf(AppError)
    }
    expect(await text(input.readAsync(Infinity))).toBe('abc')
  })
})

describe('AsyncInput against the blocking input', () => {
  type Call = { readAsync: number | undefined } | { read1: number } | 'line'
  const size = fc.nat(6)
  const call: fc.Arbitrary<Call> = fc.oneof(
    fc.record({ readAsync: fc.option(size, { nil: undefined, freq: 8 }) }),
    fc.record({ read1: fc.integer({ min: 1, max: 6 }) }),
    fc.constant<Call>('line'),
  )
  const part = fc.string({ unit: fc.constantFrom('a', 'b', '\n'), maxLength: 5 })

  it('[3a.22] reads the same bytes in the same order, for any parts and any calls', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(part, { minLength: 1 }), fc.array(call), async (parts, calls) => {
        const input = inputOf(...parts)
        const reference = new Input(new BytesSource([Buffer.from(parts.join(''))]))
        for (const call of calls) {
          const taken = await take(input, call)
          const expected =
            call === 'line' ? reference.readline() : reference.read(sizeOf(call, taken.length))
          expect(taken).toBe(Buffer.from(expected).toString())
        }
        expect(await text(input.readAsync())).toBe(Buffer.from(reference.read()).toString())
      }),
      { numRuns: 300, seed: 22 },
    )
  })

  async function take(input: AsyncInput, call: Call): Promise<string> {
    if (call === 'line') {
      const { value } = await input[Symbol.asyncIterator]().next()
      return Buffer.from(value ?? '').toString()
    }
    if ('readAsync' in call) return text(input.readAsync(call.readAsync))
    return text(input.read1Async(call.read1))
  }

  // read1 may return fewer bytes than the size, but returns none only at the end.
  function sizeOf(call: Exclude<Call, 'line'>, taken: number): number | undefined {
    if ('readAsync' in call) return call.readAsync
    return taken === 0 ? call.read1 : taken
  }
})
