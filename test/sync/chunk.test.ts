import { describe, expect, it } from 'vitest'
import {
  checkedChunk,
  chunkBytes,
  copyOf,
  cutTo,
  describe as typeOf,
} from '../../src/sync/chunk.ts'

describe('a chunk', () => {
  it('has its length on the wire, with a lone surrogate as U+FFFD', () => {
    expect(chunkBytes('a€')).toBe(4)
    expect(chunkBytes('\ud800')).toBe(3)
    expect(chunkBytes(new Uint8Array(5))).toBe(5)
  })

  it('is copied into memory of its own', () => {
    const bytes = Buffer.from('abc')
    const copy = copyOf(bytes)
    bytes.fill(0)
    expect(copy).toEqual(Buffer.from('abc'))
    expect(copyOf('é')).toEqual(Buffer.from('é'))
  })

  it('is cut by bytes, also a string', () => {
    expect(cutTo('aéb', 3)).toEqual(Buffer.from('aé'))
    expect(cutTo(Buffer.from('abc'), 2)).toEqual(Buffer.from('ab'))
  })

  it('is a string or bytes; the message for a promise says what to do', () => {
    expect(checkedChunk('a', 'the app yielded')).toBe('a')
    expect(() => checkedChunk(Promise.resolve(), 'the app yielded')).toThrow(
      'the app yielded a Promise; await it, in an app marked as iterable(app)',
    )
  })
})

describe('the type of a value in a message', () => {
  it.each([
    [undefined, 'undefined'],
    [null, 'null'],
    [1, 'a number'],
    [{}, 'an Object'],
    [[], 'an Array'],
    [new Uint16Array(0), 'a Uint16Array'],
    [Object.create(null), 'an object'],
  ])('of %o is %s', (value, text) => {
    expect(typeOf(value)).toBe(text)
  })
})
