// wsgi.input: the request body as a blocking file.

import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { AppError, ClientDisconnectedError } from '../../src/errors.ts'
import { BytesSource, EMPTY_INPUT, Input } from '../../src/sync/input.ts'
import type { InputSource } from '../../src/sync/input.ts'

const SEED = 20_260_102
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
const inputOf = (...chunks: string[]): Input =>
  new Input(new BytesSource(chunks.map((chunk) => Buffer.from(chunk, 'latin1'))))

// The source of a body that was cut: it returns the chunks, then throws for ever.
class CutSource implements InputSource {
  readonly #whole: BytesSource
  failures = 0

  constructor(...chunks: string[]) {
    this.#whole = new BytesSource(chunks.map((chunk) => Buffer.from(chunk)))
  }

  pull(size: number): Uint8Array {
    const bytes = this.#whole.pull(size)
    if (bytes.length > 0) return bytes
    this.failures += 1
    throw new ClientDisconnectedError()
  }
}

describe('Input.read', () => {
  it('[3a.22] reads the rest of the body without a size, with the buffered bytes', () => {
    const input = inputOf('one\ntwo', '\nthree')
    expect(textOf(input.readline())).toBe('one\n')
    expect(textOf(input.read())).toBe('two\nthree')
  })

  it('[3a.22] waits until enough bytes have come or the body ends', () => {
    const input = inputOf('ab', 'cd', 'e')
    expect(textOf(input.read(3))).toBe('abc')
    expect(textOf(input.read(3))).toBe('de')
  })

  it('[3a.22] reads nothing with size 0, and does not call the source', () => {
    const source = new CutSource()
    expect(new Input(source).read(0)).toHaveLength(0)
    expect(source.failures).toBe(0)
  })

  it('reads the rest with a negative size, as in Python, and with Infinity', () => {
    expect(textOf(inputOf('ab', 'c').read(-1))).toBe('abc')
    expect(textOf(inputOf('ab', 'c').read(Infinity))).toBe('abc')
  })

  it('refuses a size that is not a number of bytes, and names it', () => {
    const input = inputOf('abc')
    expect(() => input.read(Number.NaN)).toThrow(
      new AppError(
        'wsgi.input read() takes a whole number of bytes, got NaN; leave the size out to read all',
      ),
    )
    expect(() => input.readline(1.5)).toThrow('got 1.5')
    expect(() => input.readlines('9' as unknown as number)).toThrow(AppError)
    expect(() => input.read(null as unknown as number)).toThrow('got null')
    expect(textOf(input.read())).toBe('abc')
  })

  it('asks the source for the missing bytes alone', () => {
    const asked: number[] = []
    const source = { pull: (size: number) => (asked.push(size), Buffer.from('xy')) }
    expect(textOf(new Input(source).read(6))).toBe('xyxyxy')
    expect(asked).toEqual([6, 4, 2])
  })
})

describe('Input.readline', () => {
  it('[3a.23] keeps the newline', () => {
    expect(textOf(inputOf('one\ntwo\n').readline())).toBe('one\n')
  })

  it('[3a.23] returns a last line without a newline as it is', () => {
    const input = inputOf('one\ntwo')
    input.readline()
    expect(textOf(input.readline())).toBe('two')
    expect(input.readline()).toHaveLength(0)
  })

  it('[3a.23] never exceeds the size, and goes on with the rest of the line', () => {
    const input = inputOf('abcdef\ngh')
    expect(textOf(input.readline(4))).toBe('abcd')
    expect(textOf(input.readline(4))).toBe('ef\n')
    expect(textOf(input.readline(4))).toBe('gh')
  })

  it('[3a.23] returns a blank line as a newline, which is not the end', () => {
    expect([...inputOf('a\n\nb')].map(textOf)).toEqual(['a\n', '\n', 'b'])
  })

  it('reads no more than 64 KiB ahead', () => {
    const asked: number[] = []
    const source = { pull: (size: number) => (asked.push(size), Buffer.from('x\n')) }
    expect(textOf(new Input(source).readline())).toBe('x\n')
    expect(asked).toEqual([65_536])
  })
})

describe('Input.readlines and iteration', () => {
  it('[3a.23] reads all lines', () => {
    expect(inputOf('a\nb', 'c\n', 'd').readlines().map(textOf)).toEqual(['a\n', 'bc\n', 'd'])
  })

  it('[3a.23] stops after the line that reaches the hint, in bytes', () => {
    const input = inputOf('aa\nbb\ncc\n')
    expect(input.readlines(4).map(textOf)).toEqual(['aa\n', 'bb\n'])
    expect(input.readlines(3).map(textOf)).toEqual(['cc\n'])
    expect(input.readlines(3)).toEqual([])
  })

  it('treats hint 0 as no hint, like Python', () => {
    expect(inputOf('a\nb\n').readlines(0)).toHaveLength(2)
  })

  it('[3a.21] goes on where the last read stopped', () => {
    const input = inputOf('skip', 'ped\nline\n', 'rest')
    input.read(4)
    for (const line of input) {
      expect(textOf(line)).toBe('ped\n')
      break
    }
    expect(textOf(input.readline())).toBe('line\n')
    expect(textOf(input.read())).toBe('rest')
  })
})

describe('the end of the body', () => {
  it('[3a.24] is empty for every call from then on', () => {
    const input = inputOf('a')
    input.read()
    for (let round = 0; round < 3; round += 1) {
      expect(input.read()).toHaveLength(0)
      expect(input.read(5)).toHaveLength(0)
      expect(input.readline()).toHaveLength(0)
      expect(input.readlines()).toEqual([])
      expect([...input]).toEqual([])
    }
  })

  it('is not read again after the source has ended', () => {
    let calls = 0
    const source = { pull: () => (calls++ === 0 ? new Uint8Array(0) : Buffer.from('late')) }
    const input = new Input(source)
    expect(input.read()).toHaveLength(0)
    expect(input.read()).toHaveLength(0)
    expect(calls).toBe(1)
  })

  it('[3a.24] is the position of EMPTY_INPUT from the start, for all requests that share it', () => {
    expect(EMPTY_INPUT.read()).toHaveLength(0)
    expect(EMPTY_INPUT.readline()).toHaveLength(0)
    expect([...EMPTY_INPUT]).toEqual([])
    expect(Object.isFrozen(EMPTY_INPUT)).toBe(true)
    expect(() => EMPTY_INPUT.read(0.5)).toThrow(AppError)
  })

  it('[3a.25] throws ClientDisconnectedError if the body was cut, and never looks like an end', () => {
    const input = new Input(new CutSource('first\nsec'))
    expect(textOf(input.readline())).toBe('first\n')
    expect(() => input.readline()).toThrow(ClientDisconnectedError)
    expect(() => input.read()).toThrow(ClientDisconnectedError)
    expect(() => input.read(9)).toThrow(ClientDisconnectedError)
    expect(() => [...input]).toThrow(ClientDisconnectedError)
  })

  it('[3a.25] still returns the bytes from before the cut to reads that need no more', () => {
    const input = new Input(new CutSource('ab'))
    expect(() => input.read(3)).toThrow(ClientDisconnectedError)
    expect(textOf(input.read(2))).toBe('ab')
  })

  it('[3a.25] fails for ever, even if the source would not fail again', () => {
    let calls = 0
    const source: InputSource = {
      pull() {
        calls += 1
        if (calls === 1) throw new ClientDisconnectedError()
        return new Uint8Array(0)
      },
    }
    const input = new Input(source)
    expect(() => input.read()).toThrow(ClientDisconnectedError)
    expect(() => input.read()).toThrow(ClientDisconnectedError)
    expect(calls).toBe(1)
  })
})

describe('BytesSource', () => {
  it('skips empty chunks, which are not the end', () => {
    const source = new BytesSource([Buffer.of(), Buffer.from('a'), Buffer.of(), Buffer.from('b')])
    expect([source.pull(9), source.pull(9), source.pull(9)].map(textOf)).toEqual(['a', 'b', ''])
  })

  it('returns at most the size, in order', () => {
    const source = new BytesSource([Buffer.from('abcde')])
    expect([source.pull(2), source.pull(2), source.pull(2)].map(textOf)).toEqual(['ab', 'cd', 'e'])
  })

  it('returns nothing for size 0 and loses no byte', () => {
    const source = new BytesSource([Buffer.from('ab')])
    expect(source.pull(0)).toHaveLength(0)
    expect(textOf(source.pull(9))).toBe('ab')
  })
})

describe('any reading of any chunking', () => {
  it('[3a.21] [3a.22] [3a.23] [3a.24] equals the same reading of the whole body', () => {
    const chunks = fc.array(fc.string({ unit: fc.constantFrom('a', 'é', '\n'), maxLength: 20 }), {
      maxLength: 12,
    })
    const size = fc.option(fc.integer({ min: -1, max: 25 }), { nil: undefined })
    const method = fc.constantFrom('read' as const, 'readline' as const, 'readlines' as const)
    const reads = fc.array(fc.tuple(method, size), { maxLength: 40, size: 'max' })

    const property = fc.property(chunks, reads, (chunks, reads) => {
      const input = inputOf(...chunks)
      const model = new ModelInput(chunks.join(''))
      for (const [method, size] of reads) {
        const got = input[method](size)
        const text = Array.isArray(got) ? got.map(textOf) : textOf(got)
        expect(text).toEqual(model[method](size))
      }
      expect(textOf(input.read())).toBe(model.read())
    })
    fc.assert(property, { seed: SEED, numRuns: 500 })
    expect.hasAssertions()
  })
})

// A simple model of PEP 3333's input, over a whole string.
class ModelInput {
  #rest: string

  constructor(body: string) {
    this.#rest = body
  }

  read(size = -1): string {
    const taken = size < 0 ? this.#rest : this.#rest.slice(0, size)
    this.#rest = this.#rest.slice(taken.length)
    return taken
  }

  readline(size = -1): string {
    const [line = ''] = /^[^\n]*\n?/.exec(this.#rest) ?? []
    return this.read(size < 0 ? line.length : Math.min(size, line.length))
  }

  readlines(hint = 0): string[] {
    const lines: string[] = []
    let total = 0
    for (let line = this.readline(); line !== ''; line = this.readline()) {
      lines.push(line)
      total += line.length
      if (hint > 0 && total >= hint) break
    }
    return lines
  }
}

describe('a body in very small pieces', () => {
  it('is joined while read() waits for the rest', () => {
    const concat = vi.spyOn(Buffer, 'concat')
    let left = 200_000
    const source = { pull: () => Buffer.alloc(left-- > 0 ? 1 : 0, 'x') }
    expect(new Input(source).read()).toHaveLength(200_000)
    expect(concat).toHaveBeenCalledOnce()
    expect(concat.mock.calls[0]?.[0].length).toBeLessThan(100)
    concat.mockRestore()
  })

  it('costs a bounded number of copies of each byte while readline() waits for the rest of the line', () => {
    const copy = vi.spyOn(Buffer.prototype, 'copy')
    let left = 200_000
    const source = { pull: () => Buffer.alloc(left-- > 0 ? 1 : 0, 'x') }
    expect(new Input(source).readline()).toHaveLength(200_000)
    // The buffer doubles: 17 copies reach 200,000 bytes.
    expect(copy.mock.calls.length).toBeLessThan(20)
    copy.mockRestore()
  })
})
