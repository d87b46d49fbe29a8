// Every option of every function against values that few options can mean: a refusal names the function, the option and
// the possible values.

import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { remoteSettings } from '../src/adapters/remote/settings.ts'
import { memory } from '../src/channels/memory/memory.ts'
import { readCommand } from '../src/cli/args.ts'
import { NO_CONFIG } from '../src/cli/config/config-values.ts'
import { parseTexts } from '../src/cli/parser.ts'
import { parseArguments } from './cli/parse-arguments.ts'
import { InvalidOptionError } from '../src/errors.ts'
import { pythonSettings } from '../src/hosting/gateway/process/python-settings.ts'
import { poolSettings } from '../src/hosting/gateway/pool-settings.ts'
import * as bundled from '../src/middleware.ts'
import { fetchSettings, nodeSettings } from '../src/server/embedded/options.ts'
import { DEFAULTS } from '../src/server/options.ts'
import { migrateSettings } from '../src/migrate/settings.ts'
import { report } from '../src/report/report.ts'
import { resolveOptions } from '../src/server/resolve-options.ts'
import { SILENT_LOG } from '../src/silent-log.ts'
import { testClient } from '../src/testing/test-client.ts'

const NUMBERS = [Number.NaN, -1, 1.5, Infinity, -Infinity, 2 ** 31]
const TEXTS = ['', ' ', '10s']
const OBJECTS = [null, {}, [], Promise.resolve(), new Map(), new Date(0), /x/]
const ABSURD: unknown[] = [...NUMBERS, ...TEXTS, ...OBJECTS, Symbol('s'), 10n, () => 1]

// The values of the table that an option can mean, by their text.
const TIME = ['1.5', 'Infinity']
const SIZE = ['2147483648']
const LIMIT = ['Infinity', '2147483648']
const LIST = ['[]']
const GROUP = ['{}']
const FUNCTION = ['[Function (anonymous)]']

const SERVE: Record<string, readonly string[]> = {
  host: ["'10s'"],
  uds: ["' '", "'10s'", 'null'],
  udsMode: ['null'],
  udsOwner: ["'10s'", 'null'],
  fd: ['null'],
  listener: ['null'],
  tls: ['null'],
  proxyProtocol: [],
  proxyProtocolFrom: [],
  rootPath: ["''"],
  serverHeader: ["'10s'", 'null'],
  lifespanTimeoutMs: TIME,
  keepAliveTimeoutMs: TIME,
  headTimeoutMs: TIME,
  bodyTimeoutMs: TIME,
  writeTimeoutMs: TIME,
  drainIdleMs: ['1.5'],
  graceMs: ['1.5'],
  maxHeadBytes: SIZE,
  maxRequestLineBytes: SIZE,
  maxHeaderFields: SIZE,
  maxBodyBytes: LIMIT,
  maxConcurrency: LIMIT,
  signal: ['null'],
  channels: ['null'],
  sync: GROUP,
  'sync.environ': GROUP,
  'sync.maxInlineBodyBytes': LIMIT,
  health: GROUP,
  'health.live': ['null'],
  'health.ready': ['null'],
  websocket: GROUP,
  'websocket.maxMessageBytes': SIZE,
  'websocket.maxFragments': SIZE,
  'websocket.maxQueue': SIZE,
  'websocket.origins': LIST,
}

const MEMORY: Record<string, readonly string[]> = {
  history: GROUP,
  maxMessageBytes: SIZE,
  log: ['null'],
}

const SUBSCRIBE: Record<string, readonly string[]> = {
  maxQueue: LIMIT,
  maxQueueBytes: LIMIT,
  onSlow: [],
  onEvent: ['null', ...FUNCTION],
}

const HISTORY: Record<string, readonly string[]> = { size: SIZE, ttlMs: [] }

const REMOTE: Record<string, readonly string[]> = {
  balance: [],
  connections: LIMIT,
  maxPending: LIMIT,
  connectTimeoutMs: [],
  headTimeoutMs: [],
  idleTimeoutMs: [],
  keepAliveMs: [],
  retries: [],
  retryBodyBytes: SIZE,
  health: GROUP,
  'health.maxFailures': LIMIT,
  'health.downMs': [],
  'health.path': [],
  'health.intervalMs': [],
  'health.timeoutMs': [],
  'health.slowStartMs': ['1.5'],
  host: ["'10s'"],
  forwarded: [],
  mountPath: [],
  tls: GROUP,
  'tls.ca': LIST,
  'tls.cert': LIST,
  'tls.key': LIST,
  'tls.servername': ["' '", "'10s'"],
  'tls.rejectUnauthorized': [],
  maxMessageBytes: SIZE,
}

const THREADS: Record<string, readonly string[]> = {
  export: ["' '", "'10s'"],
  min: [],
  max: LIMIT,
  maxQueue: LIMIT,
  queueTimeoutMs: TIME,
  timeoutMs: TIME,
  maxRequests: LIMIT,
  idleTimeoutMs: TIME,
  nice: [],
  resourceLimits: GROUP,
  env: GROUP,
  buffering: GROUP,
  'buffering.maxRequestMemoryBytes': LIMIT,
  'buffering.maxRequestFileBytes': LIMIT,
  'buffering.maxResponseMemoryBytes': LIMIT,
  'buffering.maxResponseFileBytes': LIMIT,
  'buffering.maxTotalFileBytes': LIMIT,
  'buffering.directory': ["' '", "'10s'"],
}

const PYTHON: Record<string, readonly string[]> = {
  interface: [],
  processes: [],
  threads: [],
  python: ["' '", "'10s'"],
  cwd: ["' '", "'10s'"],
  env: GROUP,
  concurrency: LIMIT,
  maxQueue: LIMIT,
  queueTimeoutMs: TIME,
  timeoutMs: TIME,
  maxRequests: LIMIT,
  maxMemoryBytes: LIMIT,
  cancelAfterMs: TIME,
  buffering: GROUP,
}

const MIDDLEWARE: Record<string, readonly string[]> = {
  'accessLog.query': FUNCTION,
  'accessLog.skip': FUNCTION,
  'basicAuth.verify': FUNCTION,
  'bodyLimit.maxBytes': SIZE,
  'compress.codings': LIST,
  'compress.filter': FUNCTION,
  'compress.minBytes': SIZE,
  'compress.types': LIST,
  'conditionalGet.maxBytes': SIZE,
  'cors.origins': [...LIST, ...FUNCTION],
  'cors.methods': LIST,
  'cors.allowHeaders': LIST,
  'cors.exposeHeaders': LIST,
  'cors.maxAgeMs': ['1.5', '2147483648'],
  'errorPage.html': FUNCTION,
  'forwarded.hops': SIZE,
  'forwarded.trust': LIST,
  'forwarded.take': LIST,
  'httpsRedirect.host': ["''", "'10s'"],
  'httpsRedirect.except': LIST,
  'requestId.header': ["'10s'"],
  'requestId.maxLength': SIZE,
  'requestId.generate': FUNCTION,
  'securityHeaders.contentSecurityPolicy': ["'10s'", '{}'],
  'securityHeaders.strictTransportSecurity': ["'10s'", '{}'],
  'timeout.timeoutMs': ['1.5'],
}

const CLIENT: Record<string, readonly string[]> = {
  deadlineMs: TIME,
  raiseAppErrors: [],
  identity: [],
  secure: [],
  client: ['null'],
  log: ['null'],
}

const MIGRATE: Record<string, readonly string[]> = {
  share: [],
  sticky: FUNCTION,
  shadow: ['null', '{}'],
  'shadow.rate': [],
  'shadow.methods': LIST,
  'shadow.concurrency': [],
  'shadow.timeoutMs': ['1.5'],
  'shadow.maxBodyBytes': [],
  'shadow.baseline': [],
  compare: GROUP,
  'compare.status': [],
  'compare.headers': LIST,
  'compare.body': FUNCTION,
  'compare.body.ignore': LIST,
  onMismatch: FUNCTION,
  redact: LIST,
}

const EMBEDDED = [
  'rootPath',
  'headerMap',
  'lifespan',
  'lifespanTimeoutMs',
  'bodyTimeoutMs',
  'maxBodyBytes',
  'maxConcurrency',
  'graceMs',
  'sync',
  'sync.environ',
  'websocket',
  'websocket.maxQueue',
  'debug',
  'log',
  'errors',
  'fallthrough',
]

/** The names of the options in `defaults`, with those of groups. */
function namesIn(defaults: object, before = ''): string[] {
  return Object.entries(defaults).flatMap(([name, value]: [string, unknown]) => {
    const isGroup = typeof value === 'object' && value !== null && !Array.isArray(value)
    return [before + name, ...(isGroup ? namesIn(value, `${before}${name}.`) : [])]
  })
}

function optionsWith(path: string, value: unknown): object {
  const parts = path.split('.').toReversed()
  return parts.reduce<unknown>((inner, part) => ({ [part]: inner }), value) as object
}

/** The absurd values that `run` takes for an option, by their text. */
async function taken(option: string, run: (options: object) => unknown): Promise<string[]> {
  const values: string[] = []
  for (const value of ABSURD) {
    try {
      await run(optionsWith(option, value))
      values.push(inspect(value))
    } catch (error) {
      expect([value, error]).toEqual([value, expect.any(InvalidOptionError)])
      expect((error as Error).message).toMatch(/^\w+\(\): option "[\w.]+" (?:cannot be .*: |is )/s)
    }
  }
  return values
}

function middlewareOptions(): string[] {
  return Object.keys(bundled).flatMap((name) => {
    try {
      ;(Reflect.get(bundled, name) as (options: object) => unknown)({ unheardOf: 1 })
    } catch (error) {
      const [, names] = /the options are (.*)$/.exec((error as Error).message) ?? []
      return names?.split(', ').map((option) => `${name}.${option}`) ?? []
    }
    return []
  })
}

describe('an absurd value is refused by', () => {
  it.each(namesIn(DEFAULTS))('serve(): %s', async (option) => {
    const values = await taken(option, (options) => resolveOptions(options, SILENT_LOG))
    expect(values).toEqual(SERVE[option] ?? [])
  })

  it.each(Object.keys(THREADS))('threads(): %s', async (option) => {
    const target = { url: 'file:///app.js', kind: 'app' } as const
    const values = await taken(option, (options) => poolSettings(target, options))
    expect(values).toEqual(THREADS[option])
  })

  it('report(): control', async () => {
    expect(await taken('control', (options) => report(options))).toEqual([])
  })

  it.each(Object.keys(MIGRATE))('migrate(): %s', async (option) => {
    const app = (): void => undefined
    const values = await taken(option, (options) =>
      migrateSettings({ from: app, to: app, ...options } as never),
    )
    expect(values).toEqual(MIGRATE[option])
  })

  it.each(Object.keys(PYTHON))('python(): %s', async (option) => {
    const values = await taken(option, (options) => pythonSettings('shop.wsgi', options))
    expect(values).toEqual(PYTHON[option])
  })

  it.each(Object.keys(REMOTE))('remote(): %s', async (option) => {
    expect(await taken(option, (options) => remoteSettings(options))).toEqual(REMOTE[option])
  })

  it.each(Object.keys(MEMORY))('memory(): %s', async (option) => {
    expect(await taken(option, (options) => void memory(options))).toEqual(MEMORY[option])
  })

  it.each(Object.keys(HISTORY))('memory(): history of a group: %s', async (option) => {
    const values = await taken(option, (options) => {
      memory({ history: { board: { size: 1, ...options } } })
    })
    expect(values).toEqual(HISTORY[option])
  })

  it.each(Object.keys(SUBSCRIBE))('subscribe(): %s', async (option) => {
    const channels = memory()
    const values = await taken(option, (options) => void channels.subscribe(options))
    expect(values).toEqual(SUBSCRIBE[option])
  })

  it('python(), in the place of its app', () => {
    for (const value of [...ABSURD, 'shop/app', 'shop:', ':app', 'shop:app(1)', 'a b']) {
      if (value === '10s') continue
      expect(() => pythonSettings(value as string, {})).toThrow(InvalidOptionError)
    }
  })

  it('python(), in the place of its options', () => {
    for (const value of ABSURD.filter((one) => inspect(one) !== '{}')) {
      expect(() => pythonSettings('shop', value as object)).toThrow(InvalidOptionError)
    }
  })

  it.each(middlewareOptions())('a middleware: %s', async (path) => {
    const [name = '', option = ''] = path.split('.')
    const make = Reflect.get(bundled, name) as (options: object) => unknown
    const needed = path === 'basicAuth.realm' ? { users: { u: 'p' } } : {}
    const values = await taken(option, (options) => void make({ ...needed, ...options }))
    const possible = path === 'basicAuth.realm' ? ["''", "' '", "'10s'"] : (MIDDLEWARE[path] ?? [])
    expect(values.filter((value) => !possible.includes(value))).toEqual([])
  })

  it.each(EMBEDDED)('toNode() and toFetch(): %s', async (option) => {
    const possible = option === 'log' ? ['null'] : (SERVE[option] ?? [])
    expect(await taken(option, (options) => nodeSettings(options))).toEqual(possible)
    if (/^(?:websocket|fallthrough)/.test(option)) return
    expect(await taken(option, (options) => fetchSettings(options))).toEqual(possible)
  })

  it.each(Object.keys(CLIENT))('testClient(): %s', async (option) => {
    const values = await taken(option, async (options) => {
      await using _client = await testClient(async (_s, _r, _send) => undefined, {
        lifespan: 'off',
        ...options,
      })
    })
    expect(values).toEqual(CLIENT[option])
  })

  it('serve(), in the place of its options, and of its log', async () => {
    for (const value of ABSURD.filter((one) => inspect(one) !== '{}')) {
      expect(() => resolveOptions(value as object, SILENT_LOG)).toThrow(InvalidOptionError)
      expect(() => resolveOptions({}, value as never)).toThrow('option "log" cannot be')
    }
  })
})

describe('an absurd text is refused by the command line:', () => {
  const WORDS = ['NaN', '-1', 'Infinity', '', '10s', '{}']
  const FREE =
    /^(?:host|server-header|environ|app|config|mount|uds|uds-owner|tls-cert|tls-key|tls-ca|tls-crl|tls-ciphers|tls-passphrase-file|control|migrate-state|ws-origins|root-path|python|python-cwd|remote-host|channels-history|reload-include)$/
  const plain = parseTexts(['serve', 'app.js'])
  const help = parseArguments(['serve', '--help'], {})
  const flags = [...('text' in help ? help.text : '').matchAll(/^ +--([a-z-]+) /gm)]
    .map(([, flag]) => flag ?? '')
    .filter((flag) => !FREE.test(flag) && !/^(?:help|version)$/.test(flag))

  it.each(flags)('--%s, and its variable', (flag) => {
    const name = `ISTHMUS_${flag.toUpperCase().replaceAll('-', '_')}`
    expect(() => parseArguments(['serve', 'app.js', `--${flag}=${WORDS[0]}`], {})).toThrow(flag)
    // The parser of the words takes longer than all checks of their values.
    for (const word of WORDS) {
      const parsed = { ...plain, given: { ...plain.given, [flag]: word } }
      expect(() => readCommand(parsed, {}, NO_CONFIG)).toThrow(flag)
    }
    for (const word of ['', '10s']) {
      expect(() => readCommand(plain, { [name]: word }, NO_CONFIG)).toThrow(InvalidOptionError)
    }
  })
})
