// The pretty log: one line for each entry, without control characters.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { BoundedWriter } from '../../../src/bounded-writer.ts'
import { createLog } from '../../../src/cli/serve/log.ts'

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
    const text = await pretty({ status: 200, path: '/a' }, 'GET /a 200')
    expect(text).toMatch(
      /^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: GET \/a 200 \{"status":200,"path":"\/a"\}\n$/,
    )
  })

  it('escapes control characters in the sentence and in the fields', async () => {
    const text = await pretty({ seat: 'A\r\n\x1b[2J', deep: { c1: '\x9b\x7f' } }, 'a\nb\x1b[31m')
    expect(text).toContain(String.raw`a\x0ab\x1b[31m`)
    expect(text).toMatch(/^[ -~]*\n$/)
  })

  it('shows the stack of an error on separate lines, and escapes its other control characters', async () => {
    const text = await pretty({ err: new RangeError('no seat \x1b[2J\r') }, 'the app failed')
    expect(text).toContain('the app failed')
    expect(text).toMatch(/RangeError: no seat \\+x1b\[2J\\+x0d/)
    expect(text).toMatch(/\n +at .*log\.test\.ts/)
    expect(text).toMatch(/^[ -~\n]*$/)
  })
})
