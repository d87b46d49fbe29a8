// The report of a failure: one line with the remedy, and an exit status that says whether the command line was wrong.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { reportFailure } from '../../src/cli/report-failure.ts'
import { AppLoadError, InvalidOptionError, LifespanError } from '../../src/errors.ts'

afterEach(() => vi.restoreAllMocks())

/** The output of a failure on stderr, and the exit status. */
function report(error: unknown, withStack = false): { text: string; status: number } {
  let text = ''
  vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    text += String(chunk)
    return true
  })
  return { status: reportFailure(error, withStack), text }
}

/** The sentence for an error of the system. */
function sentence(parts: Record<string, unknown>): string {
  return report(Object.assign(new Error('the words of the system'), parts)).text
}

describe('a failure', () => {
  it('exits with 2 for a wrong command line', () => {
    expect(report(new InvalidOptionError('--port must be …'))).toEqual({
      text: 'isthmus: --port must be …\n',
      status: 2,
    })
    expect(report(new AppLoadError('there is no such file')).status).toBe(2)
  })

  it('exits with 1 for every other error, also for a value that is no Error', () => {
    expect(report(new AppLoadError('cannot load', { cause: new Error('x') })).status).toBe(1)
    expect(report(new AppLoadError('cannot load', { cause: undefined })).status).toBe(1)
    expect(report(new LifespanError('no database'))).toEqual({
      text: 'isthmus: the app did not start: no database\n',
      status: 1,
    })
    expect(report(undefined)).toEqual({ text: 'isthmus: failed with undefined\n', status: 1 })
  })

  it('is one line, even if its message has several', () => {
    expect(report(new Error('two\n  lines\r\nor\u2028more')).text).toBe(
      'isthmus: two lines or more\n',
    )
  })

  it('is followed by the stack of the last cause, once, if that is an error', () => {
    const deep = Object.assign(new RangeError('x'), {
      stack: 'RangeError: x\n    at f (/app.js:1:2)',
    })
    const caused = new LifespanError('no', { cause: new AppLoadError('no', { cause: deep }) })
    const { text } = report(caused)
    expect(text).toBe(`isthmus: the app did not start: no\nRangeError: x\n    at f (/app.js:1:2)\n`)
    expect(report(new AppLoadError('no', { cause: 'text' })).text).toBe('isthmus: no\n')
    const round = new Error('round')
    round.cause = round
    expect(report(round).text).toBe('isthmus: round\n')
  })

  it('has its stack after the line on request', () => {
    const cause = new RangeError('deep')
    const { text } = report(new Error('shallow', { cause }), true)
    expect(text).toMatch(/^isthmus: shallow\nError: shallow\n +at .*RangeError: deep/s)
  })
})

describe('an address that cannot be listened on', () => {
  const listen = { syscall: 'listen' }

  it('is named, with a remedy', () => {
    const port = { ...listen, address: '127.0.0.1', port: 80 }
    expect(sentence({ ...port, code: 'EADDRINUSE' })).toBe(
      'isthmus: 127.0.0.1:80 is in use; choose another --port, or 0 for a free one\n',
    )
    expect(sentence({ ...port, code: 'EACCES' })).toBe(
      'isthmus: 127.0.0.1:80 needs a privileged user; choose a --port from 1024\n',
    )
    expect(sentence({ ...port, address: '::2', code: 'EADDRNOTAVAIL' })).toBe(
      'isthmus: [::2]:80 is no address of this machine; choose another --host\n',
    )
  })

  it('is named by its path for a unix socket', () => {
    const socket = { ...listen, address: '/run/app.sock', port: -1 }
    expect(sentence({ ...socket, code: 'EADDRINUSE' })).toBe(
      'isthmus: /run/app.sock is in use; choose another --uds, or remove the file if no server uses it\n',
    )
    expect(sentence({ ...socket, code: 'EACCES' })).toBe(
      'isthmus: /run/app.sock cannot be made: there is no such folder, or it is not writable; choose another --uds\n',
    )
  })

  it('is named if the host is unknown', () => {
    expect(sentence({ syscall: 'getaddrinfo', code: 'ENOTFOUND', hostname: 'nowhere' })).toBe(
      'isthmus: nowhere is no known address; choose another --host\n',
    )
  })

  it('is reported in the words of the system in other cases', () => {
    const words = 'isthmus: the words of the system\n'
    expect(sentence({ ...listen, code: 'EMFILE', address: '::', port: 1 })).toBe(words)
    expect(sentence({ ...listen, code: 'EINVAL', address: '/x', port: -1 })).toBe(words)
    expect(sentence({ syscall: 'open', code: 'EACCES' })).toBe(words)
  })
})
