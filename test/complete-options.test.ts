// The one way in which serve(), threads() and every middleware complete and refuse options.

import { describe, expect, it } from 'vitest'
import { checkNumber, completeOptions, invalidOption } from '../src/complete-options.ts'
import { InvalidOptionError } from '../src/errors.ts'

const DEFAULTS = {
  port: 8000,
  graceMs: 10_000,
  environ: {} as Record<string, string>,
  tls: null as object | null,
  log: undefined as object | undefined,
  websocket: { maxQueue: 32, pingIntervalMs: 20_000 },
}

/** The message of the error that `act` throws. */
function refusal(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidOptionError)
    return (error as Error).message
  }
  return 'no refusal'
}

const refusalOf = (options: object): string =>
  refusal(() => completeOptions('serve', options, DEFAULTS))

describe('options', () => {
  it('get the default of each option that is left out or undefined', () => {
    expect(completeOptions('serve', {}, DEFAULTS)).toEqual(DEFAULTS)
    const given = { port: 0, graceMs: undefined, tls: { cert: 'x' } }
    expect(completeOptions('serve', given, DEFAULTS)).toEqual({
      ...DEFAULTS,
      port: 0,
      tls: { cert: 'x' },
    })
  })

  it('keep null, false and 0, which are values', () => {
    const defaults = { header: 'x' as string | null, isOn: true, count: 1 }
    const given = { header: null, isOn: false, count: 0 }
    expect(completeOptions('demo', given, defaults)).toEqual(given)
  })

  it('get the defaults of a group one by one', () => {
    const given = { websocket: { maxQueue: 1, pingIntervalMs: undefined } }
    const { websocket } = completeOptions('serve', given, DEFAULTS)
    expect(websocket).toEqual({ maxQueue: 1, pingIntervalMs: 20_000 })
  })

  it('share no group with the defaults', () => {
    expect(completeOptions('serve', {}, DEFAULTS).websocket).not.toBe(DEFAULTS.websocket)
  })

  it('replace a value with entries of its own as a whole', () => {
    const environ = { REGION: 'north' }
    expect(completeOptions('serve', { environ }, DEFAULTS).environ).toBe(environ)
  })

  it.each([null, 'fast', 7, []])('are refused if they are %j', (options) => {
    const act = () => completeOptions('serve', options as object, DEFAULTS)
    expect(refusal(act)).toMatch(/^serve\(\): the options are an object, got /)
  })
})

describe('an unknown option', () => {
  it('is refused with the options that are possible', () => {
    expect(refusalOf({ colour: 1 })).toBe(
      'serve(): unknown option "colour"; the options are port, graceMs, environ, tls, log, websocket',
    )
    expect(refusal(() => completeOptions('lint', { x: 1 }, {}))).toBe(
      'lint(): unknown option "x"; the options are none',
    )
  })

  it('is refused even if it is undefined, or has the name of a method of objects', () => {
    expect(refusalOf({ colour: undefined })).toContain('unknown option "colour"')
    expect(refusalOf({ toString: 1 })).toContain('unknown option "toString"')
  })

  it.each([
    ['prot', 'port'],
    ['grace', 'graceMs'],
    ['graceMS', 'graceMs'],
    ['gracems', 'graceMs'],
    ['web_socket', 'websocket'],
    ['websockets', 'websocket'],
  ])('%s is refused with the nearest name, %s', (given, nearest) => {
    expect(refusalOf({ [given]: 1 })).toBe(
      `serve(): unknown option "${given}"; did you mean "${nearest}"?`,
    )
  })

  it('gets no suggestion from a name that only has its length', () => {
    expect(refusalOf({ tsl: 1 })).toContain('did you mean "tls"?')
    expect(refusalOf({ pingIntervalMs: 1 })).toContain('did you mean "websocket.pingIntervalMs"?')
    expect(refusalOf({ abc: 1 })).toContain('the options are')
  })

  it('of a group is refused with the name of the group', () => {
    expect(refusalOf({ websocket: { maxqueue: 1 } })).toBe(
      'serve(): unknown option "websocket.maxqueue"; did you mean "websocket.maxQueue"?',
    )
    expect(refusalOf({ websocket: { colour: 1 } })).toBe(
      'serve(): unknown option "websocket.colour"; the options are websocket.maxQueue, websocket.pingIntervalMs',
    )
  })
})

describe('an impossible value', () => {
  it.each([null, false, 7, []])('of a group is %j', (websocket) => {
    expect(refusalOf({ websocket })).toMatch(
      /^serve\(\): option "websocket" cannot be .*: it is an/,
    )
  })

  it('is shown with the possible values', () => {
    const { message, code } = invalidOption('serve', 'engine', 'steam', 'it is native or node')
    expect(message).toBe(`serve(): option "engine" cannot be 'steam': it is native or node`)
    expect(code).toBe('ISTHMUS_INVALID_OPTION')
  })

  it('is shown shortened if it is long', () => {
    const deep = { a: { b: { c: 'x'.repeat(1000) } }, list: Array.from({ length: 500 }, () => 1) }
    expect(invalidOption('serve', 'tls', deep, 'it is null').message.length).toBeLessThan(300)
  })
})

describe('a number', () => {
  const check = (value: unknown, range: Parameters<typeof checkNumber>[3]) => (): void =>
    checkNumber('serve', 'count', value, range)

  it('within its range passes, both ends included', () => {
    expect(check(0, { min: 0 })).not.toThrow()
    expect(check(1.5, { min: 0, max: 1.5 })).not.toThrow()
    expect(check(Infinity, { min: 1, max: Infinity, isWhole: true })).not.toThrow()
  })

  it.each([
    [-1, { min: 0 }, 'it is a number of at least 0'],
    [Infinity, { min: 0 }, 'it is a number of at least 0'],
    [NaN, { min: 0 }, 'it is a number of at least 0'],
    ['5', { min: 0 }, 'it is a number of at least 0'],
    [null, { min: 0 }, 'it is a number of at least 0'],
    [0, { min: 1, max: Infinity }, 'it is a number of at least 1, or Infinity'],
    [20, { min: 0, max: 19 }, 'it is a number from 0 to 19'],
    [1.5, { min: 0, isWhole: true }, 'it is a whole number of at least 0'],
    [1.5, { min: 0, max: 9, isWhole: true }, 'it is a whole number from 0 to 9'],
  ])('%j outside of %j is refused: %s', (value, range, remedy) => {
    expect(refusal(check(value, range))).toContain(`option "count" cannot be `)
    expect(refusal(check(value, range))).toContain(`: ${remedy}`)
  })
})
