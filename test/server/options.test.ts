import { describe, expect, it } from 'vitest'
import { SILENT_LOG } from '../../src/silent-log.ts'
import { InvalidOptionError } from '../../src/errors.ts'
import { DEFAULTS, resolveOptions } from '../../src/server/options.ts'
import type { Settings } from '../../src/server/options.ts'

function resolve(options: object = {}): Settings {
  return resolveOptions(options, SILENT_LOG)
}

function refused(options: object): string {
  try {
    resolve(options)
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidOptionError)
    return (error as Error).message
  }
  throw new Error(`accepted ${JSON.stringify(options)}`)
}

describe('resolveOptions', () => {
  it('has the documented defaults', () => {
    expect(resolve()).toEqual({ ...DEFAULTS, log: SILENT_LOG })
    expect(resolve()).toMatchObject({
      host: '127.0.0.1',
      port: 8000,
      backlog: 2048,
      keepAliveTimeoutMs: 5_000,
      headTimeoutMs: 10_000,
      maxHeadBytes: 16_384,
      maxRequestLineBytes: 8_192,
      maxHeaderFields: 100,
      graceMs: 10_000,
      inlineBodyMemory: 1_048_576,
      websocket: {
        maxMessageBytes: 16_777_216,
        maxQueue: 32,
        pingIntervalMs: 20_000,
        pongTimeoutMs: 20_000,
        deflate: false,
      },
    })
  })

  it('takes an undefined option for one that is not there', () => {
    const options = { port: undefined, log: undefined, websocket: { maxQueue: undefined } }
    expect(resolve(options)).toEqual(resolve())
    expect(resolve({ websocket: undefined }).websocket).toEqual(DEFAULTS.websocket)
  })

  it('keeps the defaults of what is left out, also of the WebSocket options', () => {
    const settings = resolve({ port: 0, websocket: { maxQueue: 1 } })
    expect(settings).toMatchObject({ port: 0, host: '127.0.0.1' })
    expect(settings.websocket).toEqual({ ...DEFAULTS.websocket, maxQueue: 1 })
    expect(DEFAULTS.websocket.maxQueue).toBe(32)
  })

  it('refuses an unknown option, and names those that there are', () => {
    expect(refused({ prot: 8000 })).toMatch(/^unknown option "prot"; the options are host, port, /)
    expect(refused({ websocket: { maxqueue: 1 } })).toMatch(
      /^unknown option "maxqueue"; the options are maxMessageBytes, /,
    )
    expect(refused({ toString: 1 })).toContain('unknown option "toString"')
  })

  it('refuses a port that is none', () => {
    for (const port of [-1, 65_536, 1.5, Number.NaN, Infinity, '8000', null]) {
      expect(refused({ port })).toBe(`option "port" cannot be ${String(port)}`)
    }
    expect(resolve({ port: 65_535 }).port).toBe(65_535)
  })

  it('refuses counts and sizes that are no whole numbers above zero', () => {
    const names = ['backlog', 'maxHeadBytes', 'maxRequestLineBytes', 'maxHeaderFields']
    for (const name of names) {
      for (const value of [0, -1, 1.5, Number.NaN, Infinity, '1']) {
        expect(refused({ [name]: value })).toBe(`option "${name}" cannot be ${String(value)}`)
      }
    }
  })

  it('takes Infinity for a bound that there need not be', () => {
    for (const name of ['maxBodyBytes', 'maxConcurrency', 'inlineBodyMemory']) {
      expect(resolve({ [name]: Infinity })).toMatchObject({ [name]: Infinity })
      expect(resolve({ [name]: 1 })).toMatchObject({ [name]: 1 })
      expect(refused({ [name]: 0 })).toBe(`option "${name}" cannot be 0`)
      expect(refused({ [name]: -Infinity })).toBe(`option "${name}" cannot be -Infinity`)
    }
  })

  it('refuses times that are negative or no numbers', () => {
    const names = ['lifespanTimeoutMs', 'keepAliveTimeoutMs', 'headTimeoutMs', 'bodyTimeoutMs']
    for (const name of [...names, 'graceMs']) {
      for (const value of [-1, Number.NaN, '1', null]) {
        expect(refused({ [name]: value })).toBe(`option "${name}" cannot be ${String(value)}`)
      }
      expect(resolve({ [name]: 0 })).toMatchObject({ [name]: 0 })
    }
    expect(refused({ websocket: { pingIntervalMs: -1 } })).toContain('"websocket.pingIntervalMs"')
    expect(refused({ websocket: { maxQueue: 0.5 } })).toContain('"websocket.maxQueue"')
  })

  it('refuses a shutdown that never ends', () => {
    expect(refused({ graceMs: Infinity })).toContain('"graceMs"')
  })

  it('refuses a choice that there is not, and names those that there are', () => {
    expect(refused({ headerMap: 'dorp' })).toBe(
      'option "headerMap" cannot be dorp: it is drop, refuse or dangerous',
    )
    expect(refused({ rootPathMode: 'strip' })).toBe(
      'option "rootPathMode" cannot be strip: it is prepend or verify',
    )
    expect(refused({ lifespan: true })).toBe(
      'option "lifespan" cannot be true: it is auto, on or off',
    )
  })

  it('[3a.20] refuses an environ of anything but strings', () => {
    expect(resolve({ environ: { SITE: 'a' } }).environ).toEqual({ SITE: 'a' })
    expect(refused({ environ: { SITE: 7 } })).toBe('option "environ" has a SITE that is no string')
    expect(refused({ environ: null })).toBe('option "environ" cannot be null')
  })

  it('trims slashes off the end of the root path, and wants one at its beginning', () => {
    for (const [rootPath, trimmed] of [
      ['', ''],
      ['/', ''],
      ['/api', '/api'],
      ['/api//', '/api'],
      ['/a/b/', '/a/b'],
    ]) {
      expect(resolve({ rootPath }).rootPath).toBe(trimmed)
    }
    expect(refused({ rootPath: 'api' })).toBe('rootPath must start with "/", got "api"')
  })
})
