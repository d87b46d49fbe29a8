// The options of a configuration file: their names, their values, and their precedence.

import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { readCommand } from '../../../src/cli/args.ts'
import { configValues } from '../../../src/cli/config/config-values.ts'
import { parseTexts } from '../../../src/cli/parser.ts'
import { SERVE_GROUPS } from '../../../src/cli/serve-groups.ts'
import { InvalidOptionError } from '../../../src/errors.ts'
import type { IsthmusConfig } from '../../../src/cli/config/define-config.ts'
import type { ServeCommand } from '../../../src/cli/args.ts'
import type { GroupValues } from '../../../src/cli/serve-groups.ts'

const FOLDER = '/srv/shop'

function serve(
  content: object,
  words: string[] = [],
  environment: Record<string, string> = {},
): ServeCommand {
  const config = configValues({ name: 'isthmus.config.ts', folder: FOLDER, content })
  const command = readCommand(parseTexts(['serve', ...words]), environment, config)
  if (command.type !== 'serve') throw new Error(`nothing is served: ${command.type}`)
  return command
}

function refusal(content: object): string {
  try {
    serve(content)
    return 'was taken'
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidOptionError)
    return (error as Error).message
  }
}

describe('a configuration file', () => {
  it('has the options of serve() by their names there, in milliseconds and bytes', () => {
    const config: IsthmusConfig = {
      app: 'app.ts',
      port: 80,
      graceMs: 1_500,
      maxBodyBytes: Infinity,
      udsMode: 0o660,
      serverHeader: null,
      sync: { environ: { SITE: 'x' } },
      websocket: { origins: ['https://a.example'], pingIntervalMs: 0 },
      threads: 3,
      pool: { min: 1, timeoutMs: 250, maxOldGenerationSizeMb: null },
      python: { processes: 2, maxMemoryBytes: 1_000, python: 'python3.12' },
      remote: { balance: { hash: { header: 'x-user' } }, headTimeoutMs: 1_000 },
      channels: 'redis://127.0.0.1:6379',
      channelsHistory: { board: { size: 5, ttlMs: 1_000 } },
      logLevel: 'warn',
      accessLog: false,
      proxyHeaders: true,
      forwardedAllowIps: ['loopback', 'unix'],
      metrics: 9464,
    }
    const command = serve(config)
    expect(command.options).toMatchObject({
      port: 80,
      graceMs: 1_500,
      maxBodyBytes: Infinity,
      udsMode: 0o660,
      serverHeader: null,
      sync: config.sync,
      websocket: config.websocket,
    })
    expect(command).toMatchObject({
      threads: 3,
      pool: config.pool,
      python: config.python,
      remote: config.remote,
      channels: { channels: config.channels, channelsHistory: config.channelsHistory },
      logLevel: 'warn',
      accessLog: false,
      proxyHeaders: true,
      forwardedAllowIps: ['loopback', 'unix'],
      metrics: { host: '127.0.0.1', port: 9464 },
      configFile: 'isthmus.config.ts',
    })
  })

  it('has each option of each group, and its type has them too', () => {
    const defaults = Object.entries(SERVE_GROUPS).flatMap(
      ([name, { defaults, table, isNested }]) => {
        const names = Object.keys(table).filter((key) => key !== 'config')
        const values = names.map((key) => [key, Reflect.get(defaults, key) as unknown])
        return isNested ? [[name, Object.fromEntries(values)]] : values
      },
    )
    const content = Object.fromEntries(defaults) as object
    const given = { ...content, mounts: {}, forwardedAllowIps: null, app: 'a.js' }
    const { app: _app, configFile: _file, ...command } = serve(given)
    const { app: _other, configFile: _none, ...plain } = serve({ app: 'a.js' })
    expect(command).toEqual(plain)
    // A name that the type lacks is an error of the compiler here.
    const typed: TypedNames = true
    expect(typed).toBe(true)
  })

  it('names files from its own folder', () => {
    const command = serve({
      app: 'threads:app.ts#shop',
      mounts: { '/api': './api/app.js', '/py': 'python:desk:app' },
      tls: { cert: ['cert.pem'] },
      uds: '/run/app.sock',
      python: { python: '.venv/bin/python' },
    })
    expect(command.app).toMatchObject({ place: 'threads', exportName: 'shop' })
    expect(JSON.stringify(command)).toContain('srv/shop/app.ts')
    expect(JSON.stringify(command.mounts)).toContain('srv/shop/api/app.js')
    expect(command.tls.cert).toEqual(['/srv/shop/cert.pem'])
    expect(command.options.uds).toBe('/run/app.sock')
    expect(command.python).toMatchObject({ python: '/srv/shop/.venv/bin/python', cwd: FOLDER })
  })

  it('is below the environment, which is below the command line', () => {
    const content = { app: 'a.js', host: 'file', port: 1, graceMs: 1 }
    const environment = { ISTHMUS_HOST: 'environment', ISTHMUS_PORT: '2' }
    const { options } = serve(content, ['--port=3'], environment)
    expect([options.host, options.port, options.graceMs]).toEqual(['environment', 3, 1])
    expect(serve(content, ['b.js']).app).toMatchObject({ file: 'b.js' })
  })

  it('is below PORT, but keeps its own host', () => {
    const at = (content: object): unknown => {
      const { host, port } = serve({ app: 'a.js', ...content }, [], { PORT: '80' }).options
      return [host, port]
    }
    expect(at({ port: 1 })).toEqual(['0.0.0.0', 80])
    expect(at({ port: 1, host: '::1' })).toEqual(['::1', 80])
  })

  it('gives its unix socket up for a port of the command line', () => {
    const content = { app: 'a.js', uds: '/run/app.sock' }
    expect(serve(content).options.uds).toBe('/run/app.sock')
    expect(serve(content, ['--port=80']).options).toMatchObject({ uds: null, port: 80 })
  })
})

describe('a wrong configuration file', () => {
  it('is refused with the key that was meant', () => {
    const lead = 'isthmus.config.ts: unknown option'
    expect(refusal({ prot: 1 })).toBe(`${lead} prot; did you mean port?`)
    expect(refusal({ websocket: { maxQeue: 1 } })).toBe(
      `${lead} websocket.maxQeue; did you mean websocket.maxQueue?`,
    )
    expect(refusal({ maxQueue: 1 })).toMatch(
      /unknown option maxQueue; did you mean \w+\.maxQueue\?/,
    )
    expect(refusal({ timeoutKeepAlive: 5 })).toBe(
      `${lead} timeoutKeepAlive; did you mean keepAliveTimeoutMs?`,
    )
    expect(refusal({ 'ws-deflate': true })).toBe(
      `${lead} ws-deflate; did you mean websocket.deflate?`,
    )
    expect(refusal({ constructor: 1 })).toContain(`${lead} constructor; `)
  })

  it('is refused with the file, the key and the values that are possible', () => {
    const lead = 'isthmus.config.ts:'
    const faults: Array<[content: object, message: string]> = [
      [{ port: '80' }, "port must be a whole number from 0 to 65535, got '80'"],
      [{ port: 1.5 }, 'port must be a whole number from 0 to 65535, got 1.5'],
      [{ graceMs: -1 }, 'graceMs must be milliseconds from 0 to 2147483000, got -1'],
      [{ maxBodyBytes: 0 }, 'maxBodyBytes must be a whole number from 1, or Infinity, got 0'],
      [{ engine: 'nativ' }, "engine must be native or node, got 'nativ'"],
      [{ debug: 'yes' }, "debug must be true or false, got 'yes'"],
      [{ debug: null }, 'debug must be true or false, got null'],
      [{ host: 1 }, 'host must be a text, got 1'],
      [{ uds: '' }, "uds must be a path; leave the option out for none, got ''"],
      [{ websocket: true }, 'websocket must be an object of options, got true'],
      [
        { sync: { environ: { A: 1 } } },
        'sync.environ must be an object whose values are texts, got { A: 1 }',
      ],
      [
        { pool: { timeoutMs: 0 } },
        'pool.timeoutMs must be milliseconds from 1 to 2147483000, or Infinity, got 0',
      ],
      [
        { mounts: { api: 'a.js' } },
        'mounts must be /PATH=APP; the root "/" belongs to the first APP, got { api: \'a.js\' }',
      ],
      [
        { channelsHistory: { a: { size: 0 } } },
        'channelsHistory must be as { board: { size: 100, ttlMs: 60_000 } }, got { a: { size: 0 } }',
      ],
      [
        { remote: { balance: { hash: 'x' } } },
        "remote.balance must be least-pending, round-robin, client, header:NAME or cookie:NAME, got { hash: 'x' }",
      ],
      [
        { config: 'other.ts' },
        "config must be on the command line or in the environment, got 'other.ts'",
      ],
      [{ app: 'inline:' }, 'app must name a file'],
      [{ app: () => undefined }, 'app must be a text'],
    ]
    for (const [content, message] of faults) {
      expect(refusal({ app: 'a.js', ...content })).toContain(`${lead} ${message}`)
    }
  })

  it('names the file, the key, the value and the remedy for a wrong value of every option', () => {
    const given = [() => 1, Symbol('x'), Promise.resolve(1), Number.NaN, -1.5, { oops: 1n }, [[]]]
    const messages = OPTIONS.flatMap(({ path, key, nest }) => {
      return given.map((value) => [path, inspect(value, SHOWN), refusal(nest(key, value))])
    })
    const wrong = messages.filter(([path = '', shown = '', message = '']) => {
      const start = `isthmus.config.ts: ${path} must be `
      return !message.startsWith(start) || !message.endsWith(`, got ${shown}`)
    })
    expect(wrong).toEqual([])
  })

  it('names an option for each name of more than four letters that lacks the last one', () => {
    for (const { key, nest } of OPTIONS.filter((one) => one.key.length > 4)) {
      const content = nest(key.slice(0, -1), 1)
      expect(refusal(content)).toMatch(/: unknown option \S+; did you mean \S+\?$/)
    }
  })

  it('is refused without an app, if the command line has none', () => {
    expect(refusal({ port: 1 })).toBe(
      'no APP to serve; name one, or write app in isthmus.config.ts; see "isthmus serve --help"',
    )
  })
})

const SHOWN = { depth: 1, maxArrayLength: 3, maxStringLength: 80 }

/** An option, its name in the file, and the content of a file that has a value under a name beside it. */
interface Placed {
  key: string
  path: string
  nest: (name: string, value: unknown) => object
}

const OPTIONS: Placed[] = Object.entries(SERVE_GROUPS).flatMap(([group, { table, isNested }]) => {
  const nest: Placed['nest'] = (name, value) => {
    return isNested ? { [group]: { [name]: value } } : { [name]: value }
  }
  return Object.keys(table).map((key) => ({ key, path: isNested ? `${group}.${key}` : key, nest }))
})

type Nested = 'sync' | 'tls' | 'health' | 'websocket' | 'pool' | 'python' | 'remote'
type TopNames = {
  [Group in Exclude<keyof GroupValues, Nested>]: keyof GroupValues[Group]
}[Exclude<keyof GroupValues, Nested>]
type NestedNames = {
  [Group in Nested]: Exclude<keyof GroupValues[Group], keyof NonNullable<IsthmusConfig[Group]>>
}[Nested]
type Missing = [Exclude<TopNames, keyof IsthmusConfig | 'config'>, NestedNames]
type TypedNames = Missing extends [never, never] ? true : Missing
