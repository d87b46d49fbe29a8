// The command lines of isthmus report and isthmus migrate.

import { describe, expect, it } from 'vitest'
import { parseArguments } from './parse-arguments.ts'

const SOCKET = { ISTHMUS_CONTROL: '/run/a.sock' }

function refusal(words: string[], environment: Record<string, string> = {}): string {
  try {
    parseArguments(words, environment)
    return 'was taken'
  } catch (error) {
    return (error as Error).message
  }
}

describe('isthmus report', () => {
  it('has the socket of the environment, or that of the command line', () => {
    const expected = {
      type: 'report',
      control: '/run/a.sock',
      json: false,
      watch: false,
      open: false,
    }
    expect(parseArguments(['report'], SOCKET)).toEqual(expected)
    expect(parseArguments(['report', '--json', '--watch', '--control', '/b'], SOCKET)).toEqual({
      type: 'report',
      control: '/b',
      json: true,
      watch: true,
      open: false,
    })
    expect(parseArguments(['--control', '/run/a.sock', 'report'], {})).toEqual(expected)
  })

  it('shows a page, or prints', () => {
    expect(parseArguments(['report', '--open'], SOCKET)).toMatchObject({ open: true })
    const refused = '--open shows a page: it has no --json and no --watch'
    expect(refusal(['report', '--open', '--json'])).toBe(refused)
    expect(refusal(['report', '--watch', '--open'])).toBe(refused)
  })

  it('takes no app and no option of the server', () => {
    expect(refusal(['report', 'app.js'])).toBe(
      'unknown argument "app.js"; see "isthmus report --help"',
    )
    expect(refusal(['report', '--port', '1'])).toContain('unknown argument "port"')
    expect(refusal(['report', '--', 'x'])).toContain('unknown argument "x"')
    expect(refusal(['report', '--jsno'])).toContain('did you mean --json')
  })

  it('reads no option but the socket from the environment', () => {
    expect(refusal(['report'], { ISTHMUS_JSON: 'true' })).toContain('unknown variable ISTHMUS_JSON')
  })
})

describe('isthmus reload', () => {
  it('has the socket, and nothing else', () => {
    expect(parseArguments(['reload'], SOCKET)).toEqual({ type: 'reload', control: '/run/a.sock' })
    expect(parseArguments(['reload', '--control', '/b'], {})).toMatchObject({ control: '/b' })
    expect(refusal(['reload', 'app.js'])).toContain('see "isthmus reload --help"')
    expect(refusal(['reload', '--json'])).toContain('unknown argument "json"')
  })
})

describe('isthmus migrate', () => {
  const nothing = { share: null, shadow: null, shadowRate: null, baseline: null }

  it.each<[words: string[], command: object]>([
    [['show'], { action: 'show', path: null, set: nothing }],
    [['show', '/orders'], { action: 'show', path: '/orders', set: nothing }],
    [['rollback', '/orders'], { action: 'rollback', path: '/orders', set: nothing }],
    [['set', '/', '--share', '0.25'], { path: '/', set: { ...nothing, share: 0.25 } }],
    [['set', '/', '--no-shadow'], { set: { ...nothing, shadow: false } }],
    [['set', '/', '--shadow'], { set: { ...nothing, shadow: true } }],
    [
      ['set', '/', '--shadow-rate=.5', '--no-baseline'],
      { set: { ...nothing, shadowRate: 0.5, baseline: false } },
    ],
  ])('reads %j', (words, command) => {
    expect(parseArguments(['migrate', ...words], SOCKET)).toMatchObject({
      type: 'migrate',
      control: '/run/a.sock',
      ...command,
    })
  })

  it.each<[words: string[], message: string]>([
    [[], 'isthmus migrate needs set, rollback or show'],
    [['sett', '/x'], 'unknown'],
    [['set'], 'no PATH of a migration; see "isthmus migrate set --help"'],
    [['rollback'], 'no PATH of a migration; see "isthmus migrate rollback --help"'],
    [['show', '/x', '/y'], 'unknown argument "/y"'],
    [['rollback', '/x', '--share', '1'], 'unknown argument "share"'],
    [['set', '/x'], 'isthmus migrate set changes nothing without --share'],
    [['set', '/x', '--share'], 'option --share needs a value'],
    [['set', '/x', '--share', '1.01'], '--share must be a number from 0 to 1'],
    [['set', '/x', '--share', '-1'], '--share must be a number from 0 to 1'],
    [['set', '/x', '--share', '50%'], '--share must be a number from 0 to 1'],
    [['set', '/x', '--no-share'], 'there is no --no-share'],
    [['set', '/x', '--no-shadow', '--shadow-rate', '1'], '--no-shadow has no --shadow-rate'],
  ])('refuses %j', (words, message) => {
    expect(refusal(['migrate', ...words])).toContain(message)
  })
})
