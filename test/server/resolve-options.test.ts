import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { SILENT_LOG } from '../../src/silent-log.ts'
import { InvalidOptionError } from '../../src/errors.ts'
import { DEFAULTS } from '../../src/server/options.ts'
import { resolveOptions } from '../../src/server/resolve-options.ts'
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
      sync: { maxInlineBodyBytes: 1_048_576, inlineThreads: false },
      websocket: {
        maxMessageBytes: 16_777_216,
        maxQueue: 32,
        pingIntervalMs: 20_000,
        pongTimeoutMs: 20_000,
        deflate: false,
      },
    })
  })

  it('treats an undefined option as a missing one', () => {
    const options = { port: undefined, log: undefined, websocket: { maxQueue: undefined } }
    expect(resolve(options)).toEqual(resolve())
    expect(resolve({ websocket: undefined }).websocket).toEqual(DEFAULTS.websocket)
  })

  it('completes the options with the defaults, those of WebSockets too', () => {
    const settings = resolve({ port: 0, websocket: { maxQueue: 1 } })
    expect(settings).toMatchObject({ port: 0, host: '127.0.0.1' })
    expect(settings.websocket).toEqual({ ...DEFAULTS.websocket, maxQueue: 1 })
    expect(DEFAULTS.websocket.maxQueue).toBe(32)
  })

  it('refuses an unknown option, and names the known options', () => {
    expect(refused({ prot: 8000 })).toBe('serve(): unknown option "prot"; did you mean "port"?')
    expect(refused({ websocket: { maxqueue: 1 } })).toBe(
      'serve(): unknown option "websocket.maxqueue"; did you mean "websocket.maxQueue"?',
    )
    expect(refused({ sync: { environ: {}, spool: 1 } })).toBe(
      'serve(): unknown option "sync.spool"; ' +
        'the options are sync.environ, sync.maxInlineBodyBytes, sync.inlineThreads',
    )
    expect(refused({ toString: 1 })).toMatch(
      /^serve\(\): unknown option "toString"; the options are host, port, /,
    )
  })

  it('names the function that takes the options', () => {
    expect(() => resolveOptions({ port: -1 }, SILENT_LOG, 'testClient')).toThrow(
      'testClient(): option "port" cannot be -1: it is a whole number from 0 to 65535',
    )
  })

  it('refuses an impossible port', () => {
    for (const port of [-1, 65_536, 1.5, Number.NaN, Infinity, '8000', null]) {
      expect(refused({ port })).toBe(
        `serve(): option "port" cannot be ${inspect(port)}: it is a whole number from 0 to 65535`,
      )
    }
    expect(resolve({ port: 65_535 }).port).toBe(65_535)
  })

  it('refuses a descriptor that is no whole number', () => {
    for (const fd of [-1, 1.5, '3', 2 ** 31]) {
      expect(refused({ fd })).toBe(
        `serve(): option "fd" cannot be ${inspect(fd)}: it is a whole number from 0 to 2147483647`,
      )
    }
    expect(resolve({ fd: 0 }).fd).toBe(0)
  })

  it('refuses a signal that is no AbortSignal', () => {
    expect(refused({ signal: new AbortController() })).toContain(': it is an AbortSignal, or null')
    const { signal } = new AbortController()
    expect(resolve({ signal }).signal).toBe(signal)
  })

  it('refuses counts and sizes that are no whole numbers above zero', () => {
    const names = ['maxHeadBytes', 'maxRequestLineBytes', 'maxHeaderFields']
    for (const name of names) {
      for (const value of [0, -1, 1.5, Number.NaN, Infinity, '1']) {
        expect(refused({ [name]: value })).toBe(
          `serve(): option "${name}" cannot be ${inspect(value)}: it is a whole number of at least 1`,
        )
      }
    }
  })

  it('refuses a backlog that the system cannot take', () => {
    for (const backlog of [0, 1.5, 2 ** 31, Infinity]) {
      expect(refused({ backlog })).toBe(
        `serve(): option "backlog" cannot be ${backlog}: it is a whole number from 1 to 2147483647`,
      )
    }
  })

  it('takes Infinity for no limit', () => {
    const remedy = 'it is a whole number of at least 1, or Infinity'
    for (const name of ['maxBodyBytes', 'maxConcurrency']) {
      expect(resolve({ [name]: Infinity })).toMatchObject({ [name]: Infinity })
      expect(resolve({ [name]: 1 })).toMatchObject({ [name]: 1 })
      for (const value of [0, -Infinity]) {
        expect(refused({ [name]: value })).toBe(
          `serve(): option "${name}" cannot be ${value}: ${remedy}`,
        )
      }
    }
    const unlimited = resolve({ sync: { maxInlineBodyBytes: Infinity } })
    expect(unlimited.sync.maxInlineBodyBytes).toBe(Infinity)
    expect(resolve({ sync: { maxInlineBodyBytes: 1 } }).sync.maxInlineBodyBytes).toBe(1)
    for (const value of [0, -Infinity]) {
      expect(refused({ sync: { maxInlineBodyBytes: value } })).toBe(
        `serve(): option "sync.maxInlineBodyBytes" cannot be ${value}: ${remedy}`,
      )
    }
  })

  it('refuses times that setTimeout() cannot wait for', () => {
    const names = ['lifespanTimeoutMs', 'keepAliveTimeoutMs', 'headTimeoutMs', 'bodyTimeoutMs']
    for (const name of [...names, 'writeTimeoutMs', 'graceMs']) {
      expect(refused({ [name]: 2 ** 31 })).toContain(
        `option "${name}" cannot be 2147483648: it is `,
      )
      expect(resolve({ [name]: 2 ** 31 - 1 })).toMatchObject({ [name]: 2 ** 31 - 1 })
    }
    for (const name of ['pingIntervalMs', 'pongTimeoutMs', 'closeTimeoutMs']) {
      expect(refused({ websocket: { [name]: 2 ** 31 } })).toContain(`option "websocket.${name}"`)
    }
  })

  it('refuses a host and a socket path that are empty or no text', () => {
    for (const value of ['', 7, {}, Number.NaN]) {
      expect(refused({ host: value })).toBe(
        `serve(): option "host" cannot be ${inspect(value)}: ` +
          'it is a name or an address; "0.0.0.0" or "::" listens on every interface',
      )
      expect(refused({ uds: value })).toBe(
        `serve(): option "uds" cannot be ${inspect(value)}: it is the path of a unix socket, or null`,
      )
    }
    expect(refused({ host: null })).toContain('option "host"')
    expect(resolve({ host: '::', uds: '/run/app.sock' })).toMatchObject({ host: '::' })
  })

  it('refuses times that are negative or no numbers', () => {
    const names = ['lifespanTimeoutMs', 'keepAliveTimeoutMs', 'headTimeoutMs', 'bodyTimeoutMs']
    for (const name of [...names, 'graceMs']) {
      for (const value of [-1, Number.NaN, '1', null]) {
        expect(refused({ [name]: value })).toContain(
          `serve(): option "${name}" cannot be ${inspect(value)}: it is a number of at least 0`,
        )
      }
      expect(resolve({ [name]: 0 })).toMatchObject({ [name]: 0 })
    }
    expect(refused({ websocket: { pingIntervalMs: -1 } })).toContain('"websocket.pingIntervalMs"')
    expect(refused({ websocket: { maxQueue: 0.5 } })).toContain('"websocket.maxQueue"')
  })

  it('refuses a shutdown that never ends', () => {
    expect(refused({ graceMs: Infinity })).toContain('"graceMs"')
  })

  it('refuses an unknown choice, and names the known choices', () => {
    expect(refused({ headerMap: 'dorp' })).toBe(
      'serve(): option "headerMap" cannot be \'dorp\': it is drop, refuse or dangerous',
    )
    expect(refused({ rootPathMode: 'strip' })).toBe(
      'serve(): option "rootPathMode" cannot be \'strip\': it is prepend or verify',
    )
    expect(refused({ lifespan: true })).toBe(
      'serve(): option "lifespan" cannot be true: it is auto, on or off',
    )
  })

  it('[3a.20] refuses an environ of anything but strings', () => {
    expect(resolve({ sync: { environ: { SITE: 'a' } } }).sync.environ).toEqual({ SITE: 'a' })
    expect(refused({ sync: { environ: { SITE: 7 } } })).toBe(
      'serve(): option "sync.environ" cannot be { SITE: 7 }: it is an object whose values are strings',
    )
    expect(refused({ sync: { environ: null } })).toBe(
      'serve(): option "sync.environ" cannot be null: it is an object whose values are strings',
    )
  })

  it('removes slashes from the end of the root path, and requires one at its beginning', () => {
    for (const [rootPath, trimmed] of [
      ['', ''],
      ['/', ''],
      ['/api', '/api'],
      ['/api//', '/api'],
      ['/a/b/', '/a/b'],
    ]) {
      expect(resolve({ rootPath }).rootPath).toBe(trimmed)
    }
    expect(refused({ rootPath: 'api' })).toBe(
      'serve(): option "rootPath" cannot be \'api\': it is empty, or a path that starts with "/"',
    )
  })
})
