// The state of one response between an app and the transport.

import { describe, expect, it } from 'vitest'
import { AppError, ContentLengthMismatchError, InvalidHeaderError } from '../../src/errors.ts'
import { ResponseState } from '../../src/sync/start-response.ts'
import type { Chunk, Write } from '../../src/contract/environ.ts'
import type { ResponseOptions } from '../../src/sync/start-response.ts'

interface Subject {
  response: ResponseState
  warnings: string[]
}

function responseTo(method: string, options: Partial<ResponseOptions> = {}): Subject {
  const warnings: string[] = []
  const response = new ResponseState(method, { warn: (text) => warnings.push(text), ...options })
  return { response, warnings }
}

// A response to GET whose head is announced, and its write().
function announced(...headers: [string, string][]): Subject & { write: Write } {
  const subject = responseTo('GET')
  return { ...subject, write: subject.response.startResponse('200 OK', headers) }
}

const text = (chunk: Chunk | null): string | null =>
  chunk === null ? null : Buffer.from(chunk as string).toString()

describe('startResponse', () => {
  it('[3a.31] returns write()', () => {
    expect(typeof announced().write).toBe('function')
  })

  it('[3a.35] throws when it is called twice', () => {
    const { response } = announced()
    expect(() => response.startResponse('500 Oops', [])).toThrow(
      new AppError(
        'startResponse was called twice; to replace the head, pass the error being handled as third argument',
      ),
    )
    expect(response.head?.status).toBe(200)
  })

  it('[3a.33] [3a.35] throws when it is called again after a call that failed', () => {
    const { response } = responseTo('GET')
    expect(() => response.startResponse('nope', [])).toThrow(InvalidHeaderError)
    expect(() => response.startResponse('200 OK', [])).toThrow('called twice')
  })

  it('[3a.36] replaces status and headers completely if called with an error', () => {
    const { response } = announced(['x-old', '1'], ['content-length', '3'])
    response.startResponse('500 Oops', [['x-new', '1']], new Error('boom'))
    expect(response.head).toEqual({
      status: 500,
      reason: 'Oops',
      headers: [['x-new', '1']],
      contentLength: undefined,
    })
  })

  it('[3a.36] accepts any thrown value as the error, but not null', () => {
    const { response } = announced()
    response.startResponse('500 Oops', [], 0)
    expect(response.head?.status).toBe(500)
    expect(() => response.startResponse('501 Oops', [], null)).toThrow('called twice')
  })

  it('[3a.36] may be called with an error the first time', () => {
    const { response } = responseTo('GET')
    response.startResponse('500 Oops', [], new Error('boom'))
    expect(response.admit('sorry')).toBe('sorry')
  })

  it('[3a.36] has no head after an invalid replacement', () => {
    const { response } = announced()
    expect(() => response.startResponse('nope', [], new Error('boom'))).toThrow(InvalidHeaderError)
    expect(response.head).toBeUndefined()
    expect(() => response.admit('x')).toThrow(
      new AppError('there is no head to send: the last call of startResponse failed'),
    )
  })

  it('[3a.37] throws the same error again if the head is committed', () => {
    const { response } = announced()
    response.admit('x')
    const error = new Error('boom')
    expect(thrownBy(() => response.startResponse('500 Oops', [], error))).toBe(error)
    expect(thrownBy(() => response.startResponse('nope', [], 'text'))).toBe('text')
    expect(response.head?.status).toBe(200)
  })

  it('[3a.39] commits nothing', () => {
    const { response } = announced(['content-length', '0'])
    expect(response.committed).toBe(false)
  })
})

describe('admit', () => {
  it('[3a.5] passes strings and bytes as they are', () => {
    const { response } = announced()
    const bytes = new Uint8Array([1, 2])
    expect(response.admit('é')).toBe('é')
    expect(response.admit(bytes)).toBe(bytes)
    expect(response.admit(Buffer.from('b'))).toEqual(Buffer.from('b'))
  })

  it('[3a.5] refuses any other value by name', () => {
    const { response } = announced()
    const admit = (value: unknown) => () => response.admit(value)
    expect(admit(5)).toThrow(
      new AppError(
        'the app yielded a number; a body is made of strings and Uint8Arrays; JSON.stringify(data) makes a string of data',
      ),
    )
    expect(admit(undefined)).toThrow('the app yielded undefined;')
    expect(admit(null)).toThrow('the app yielded null;')
    expect(admit(['a'])).toThrow('the app yielded an Array;')
    expect(admit({})).toThrow('the app yielded an Object;')
    expect(admit(Object.create(null))).toThrow('the app yielded an object;')
    expect(admit(new Uint16Array(1))).toThrow('the app yielded a Uint16Array;')
    expect(admit(Promise.resolve('x'))).toThrow(
      'the app yielded a Promise; await it, in an app marked as iterable(app)',
    )
    expect(response.committed).toBe(false)
  })

  it('[3a.6] accepts an empty chunk, also without a head, and commits nothing', () => {
    const { response } = responseTo('GET')
    expect(response.admit('')).toBeNull()
    expect(response.admit(new Uint8Array(0))).toBeNull()
    expect(response.committed).toBe(false)
  })

  it('[3a.39] commits the head with the first chunk that is not empty', () => {
    const { response } = announced()
    response.admit('')
    expect(response.committed).toBe(false)
    response.admit('x')
    expect(response.committed).toBe(true)
  })

  it('[3a.41] throws when there is no head', () => {
    const { response } = responseTo('GET')
    const fault = new AppError(
      'startResponse was not called before the first chunk, or the end, of the body',
    )
    expect(() => response.admit('x')).toThrow(fault)
    expect(() => response.finish()).toThrow(fault)
  })

  it('[3a.45] cuts a body at its Content-Length, once and with one warning', () => {
    const { response, warnings } = announced(['Content-Length', '4'])
    expect(response.admit('ab')).toBe('ab')
    expect(text(response.admit('cdef'))).toBe('cd')
    expect(response.exhausted).toBe(true)
    expect(response.admit('more')).toBeNull()
    response.finish()
    expect(warnings).toEqual(['the body was cut to its Content-Length of 4 bytes; it has more'])
  })

  it('[3a.45] counts a string by its bytes, and cuts it there', () => {
    const { response } = announced(['content-length', '3'])
    expect(response.admit('éé')).toEqual(Buffer.from('éé').subarray(0, 3))
  })

  it('[3a.45] does not stop at the last announced byte, so that the app can end normally', () => {
    const { response, warnings } = announced(['content-length', '2'])
    response.admit('ab')
    expect(response.exhausted).toBe(false)
    expect(response.admit('')).toBeNull()
    response.finish()
    expect(warnings).toEqual([])
  })

  it('[3a.45] sends no byte with Content-Length 0', () => {
    const { response } = announced(['content-length', '0'])
    expect(response.admit('x')).toBeNull()
    expect(response.exhausted).toBe(true)
  })

  it('[3a.47] drops the content of a response to HEAD, with one warning', () => {
    const { response, warnings } = responseTo('HEAD')
    response.startResponse('200 OK', [['Content-Length', '5']])
    expect(response.admit('hello')).toBeNull()
    expect(response.exhausted).toBe(true)
    expect(response.admit('hello')).toBeNull()
    response.finish()
    expect(response.head?.headers).toEqual([['content-length', '5']])
    expect(warnings).toEqual(['the body was dropped: a response to HEAD has no content'])
  })

  it('[3a.47] drops the content of 204 and 304', () => {
    for (const status of ['204 No Content', '304 Not Modified']) {
      const { response, warnings } = responseTo('GET')
      const write = response.startResponse(status, [])
      write('a')
      expect(response.takeWritten()).toBeNull()
      expect(response.admit('b')).toBeNull()
      response.finish()
      expect(warnings).toHaveLength(1)
      expect(warnings[0]).toContain(`a response with status ${status.slice(0, 3)} has no content`)
    }
  })
})

describe('finish', () => {
  it('[3a.39] commits the head of an empty body', () => {
    const { response } = announced()
    response.finish()
    expect(response.committed).toBe(true)
  })

  it('[3a.45] throws when bytes are missing', () => {
    const { response } = announced(['content-length', '5'])
    response.admit('ab')
    expect(() => response.finish()).toThrow(
      new ContentLengthMismatchError('the body has 2 bytes, the Content-Length announced 5'),
    )
  })

  it('[3a.45] leaves the head uncommitted if all bytes are missing, so that an error page is possible', () => {
    const { response } = announced(['content-length', '5'])
    expect(() => response.finish()).toThrow(ContentLengthMismatchError)
    expect(response.committed).toBe(false)
  })

  it('[3a.45] expects no bytes of a response without content', () => {
    const toHead = responseTo('HEAD').response
    toHead.startResponse('200 OK', [['content-length', '5']])
    toHead.finish()
    const notModified = responseTo('GET').response
    notModified.startResponse('304 Not Modified', [['content-length', '5']])
    notModified.finish()
    expect([toHead.committed, notModified.committed]).toEqual([true, true])
  })
})

describe('announceLength', () => {
  const lengths = (response: ResponseState): string[] =>
    (response.head?.headers ?? []).filter(([name]) => name === 'content-length').map(([, v]) => v)

  it('[3a.46] adds a Content-Length, also 0', () => {
    const { response } = announced()
    response.announceLength(0)
    expect(lengths(response)).toEqual(['0'])
  })

  it('[3a.46] leaves the Content-Length of the app alone', () => {
    const { response } = announced(['Content-Length', '5'])
    response.announceLength(7)
    expect(lengths(response)).toEqual(['5'])
  })

  it('[3a.46] has no effect after the head is committed, or without a head', () => {
    const { response, write } = announced()
    write('x')
    response.announceLength(5)
    expect(lengths(response)).toEqual([])

    const headless = responseTo('GET').response
    headless.announceLength(5)
    expect(headless.head).toBeUndefined()
  })

  it('[3a.45] throws at once if the app announced more, so that an error page is possible', () => {
    const { response } = announced(['content-length', '5'])
    expect(() => response.announceLength(4)).toThrow(ContentLengthMismatchError)
    expect(response.committed).toBe(false)
  })

  it('[3a.47] announces the length of a GET response to HEAD, but not that of an empty body', () => {
    const { response } = responseTo('HEAD')
    response.startResponse('200 OK', [])
    response.announceLength(0)
    expect(lengths(response)).toEqual([])
    response.announceLength(5)
    expect(lengths(response)).toEqual(['5'])
  })

  it('[3a.47] adds nothing to 204 and 304', () => {
    for (const status of ['204 No Content', '304 Not Modified']) {
      const { response } = responseTo('GET')
      response.startResponse(status, [])
      response.announceLength(0)
      expect(lengths(response)).toEqual([])
    }
  })
})

describe('write', () => {
  it('[3a.39] [3a.43] commits the head and queues the bytes as one piece', () => {
    const { response, write } = announced()
    write('')
    expect(response.committed).toBe(false)
    write('a')
    write(Buffer.from('bé'))
    expect(response.committed).toBe(true)
    expect(text(response.takeWritten())).toBe('abé')
    expect(response.takeWritten()).toBeNull()
  })

  it('[3a.43] has copied the bytes when it returns: the app may reuse its buffer', () => {
    const { response, write } = announced()
    const buffer = Buffer.from('one')
    write(buffer)
    buffer.write('two')
    write(buffer)
    buffer.fill('x')
    expect(text(response.takeWritten())).toBe('onetwo')
  })

  it('[3a.43] passes the bytes to a host that sends them itself', () => {
    const sent: unknown[] = []
    const { response } = responseTo('GET', {
      onWrite: (chunk) => sent.push([chunk, response.committed]),
    })
    const write = response.startResponse('200 OK', [])
    write('a')
    write('')
    expect(sent).toEqual([['a', true]])
    expect(response.takeWritten()).toBeNull()
  })

  it('[3a.5] refuses other values than strings and bytes, by name', () => {
    const { write } = announced()
    expect(() => write(5 as unknown as string)).toThrow(
      new AppError(
        'write() was given a number; a body is made of strings and Uint8Arrays; JSON.stringify(data) makes a string of data',
      ),
    )
  })

  it('[3a.45] throws beyond the Content-Length, and sends no byte of the excess', () => {
    const { response, write } = announced(['content-length', '3'])
    write('ab')
    expect(() => write('cd')).toThrow(
      new ContentLengthMismatchError(
        'write() would make it 4 bytes, the Content-Length announced 3',
      ),
    )
    write('c')
    expect(text(response.takeWritten())).toBe('abc')
    response.finish()
  })

  it('[3a.45] counts its bytes together with the yielded ones', () => {
    const { response, write } = announced(['content-length', '4'])
    write('abc')
    expect(text(response.admit('def'))).toBe('d')
  })

  it('[3a.45] leaves the head replaceable if its first bytes are too many', () => {
    const { response, write } = announced(['content-length', '1'])
    expect(() => write('ab')).toThrow(ContentLengthMismatchError)
    response.startResponse('500 Oops', [], new Error('boom'))
    expect(response.head?.status).toBe(500)
  })

  it('queues a bounded number of bytes, and names the way to stream', () => {
    const { response } = responseTo('GET')
    const write = response.startResponse('200 OK', [])
    write(new Uint8Array(16_777_216))
    expect(() => write('e')).toThrow(AppError)
    expect(() => write('e')).toThrow(/more than 16777216 bytes.*host the app in threads\(\)/)
    while (response.takeWritten() !== null);
    write('efgh')
    expect(text(response.takeWritten())).toBe('efgh')
  })

  it('returns a long queue in pieces', () => {
    const { response, write } = announced()
    write('x'.repeat(65_537))
    expect(response.takeWritten()).toHaveLength(65_536)
    expect(response.takeWritten()).toHaveLength(1)
  })

  it('throws after the response is over', () => {
    const whole = announced()
    whole.response.finish()
    expect(() => whole.write('x')).toThrow(
      new AppError('write() was called after the response ended'),
    )
    const broken = announced()
    broken.response.close()
    expect(() => broken.write('x')).toThrow('after the response ended')
  })
})

function thrownBy(step: () => unknown): unknown {
  try {
    step()
  } catch (error) {
    return error
  }
  return 'nothing was thrown'
}
