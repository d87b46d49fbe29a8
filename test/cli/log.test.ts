// The pretty log: one line for each entry, without control characters.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { BoundedWriter } from '../../src/bounded-writer.ts'
import { createLog } from '../../src/cli/log.ts'

afterEach(() => vi.restoreAllMocks())

/** The output of a pretty log for one entry. */
async function pretty(fields: Record<string, unknown>, message: string): Promise<string> {
  let text = ''
  vi.spyOn(BoundedWriter.prototype, 'write').mockImplementation((line) => void (text += line))
  const { log } = await createLog('info', 'pretty')
  log.debug(fields, 'below the level')
  log.info(fields, message)
  return text
}

describe('the pretty log', () => {
  it('is one line with the time, the level, the sentence and the fields', async () => {
    const text = await pretty({ status: 200, path: '/a', bytes: 5 }, 'GET /a 200')
    expect(text).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: GET \/a 200 \{"bytes":5\}\n$/)
  })

  it('escapes control characters in the sentence and in the fields', async () => {
    const text = await pretty({ seat: 'A\r\n\x1b[2J', deep: { c1: '\x9b\x7f' } }, 'a\nb\x1b[31m')
    expect(text).toContain(String.raw`a\x0ab\x1b[31m`)
    expect(text).toMatch(/^[ -~]*\n$/)
  })

  it('says each fact once: in the sentence, in a field or in the stack', async () => {
    const fields = { client: '::1', method: 'GET', path: '/a', status: 500, bytes: 500 }
    expect(await pretty(fields, 'GET /a 500')).toMatch(
      /GET \/a 500 \{"client":"::1","bytes":500\}\n$/,
    )
    expect(await pretty({ signal: 'SIGTERM' }, 'SIGTERM: draining')).toMatch(/SIGTERM: draining\n$/)
    const unread = { method: null, path: null, status: 400 }
    expect(await pretty(unread, '- - 400 refused: no host')).toMatch(/refused: no host\n$/)

    const cause = new TypeError('inner')
    const err = Object.assign(new Error('broken\nin two', { cause }), { code: 'E_X' })
    const text = await pretty({ err, path: '/a' }, 'the app failed')
    expect(text).toMatch(
      /the app failed \{"path":"\/a","err":\{"code":"E_X"\}\}\n    Error: broken\n    in two\n/,
    )
    expect(text.match(/broken/g)).toHaveLength(1)
    expect(text.match(/inner/g)).toHaveLength(1)
  })

  it('keeps a message and a type that the stack does not have', async () => {
    class Lost extends Error {}
    const err = new Lost('first')
    // The stack is made at the first look.
    expect(err.stack).toContain('first')
    err.message = 'second'
    const text = await pretty({ err }, 'the app failed')
    expect(text).toMatch(
      /the app failed \{"err":\{"type":"Lost","message":"second"\}\}\n    Error: first\n/,
    )
  })

  it('shows the stack of an error on separate lines, and escapes its other control characters', async () => {
    const text = await pretty({ err: new RangeError('no seat \x1b[2J\r') }, 'the app failed')
    expect(text).toContain('the app failed')
    expect(text).toMatch(/RangeError: no seat \\+x1b\[2J\\+x0d/)
    expect(text).toMatch(/\n +at .*log\.test\.ts/)
    expect(text).toMatch(/^[ -~\n]*$/)
  })
})
