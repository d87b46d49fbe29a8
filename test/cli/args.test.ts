// Command lines and environments, and the commands that the parser makes of them.

import { describe, expect, it } from 'vitest'
import { SILENT_LOG } from '../../src/silent-log.ts'
import { parseArguments } from './parse-arguments.ts'
import {
  PROCESS_OPTIONS,
  SERVER_OPTIONS,
  SYNC_OPTIONS,
  WEBSOCKET_OPTIONS,
} from '../../src/cli/options-table.ts'
import { APP_FORM } from '../../src/cli/app-spec.ts'
import { POOL_FLAG_DEFAULTS, POOL_OPTIONS } from '../../src/cli/pool-options.ts'
import { PYTHON_OPTIONS } from '../../src/cli/python-options.ts'
import { CHANNELS_DEFAULTS, CHANNELS_OPTIONS } from '../../src/cli/channels-options.ts'
import { RELOAD_DEFAULTS, RELOAD_OPTIONS } from '../../src/cli/reload-options.ts'
import { REMOTE_OPTIONS } from '../../src/cli/remote-options.ts'
import { HEALTH_OPTIONS } from '../../src/cli/health-options.ts'
import { TLS_FLAG_DEFAULTS, TLS_OPTIONS } from '../../src/cli/tls-options.ts'
import { InvalidOptionError } from '../../src/errors.ts'
import { WORKERS_DEFAULTS, WORKERS_OPTIONS } from '../../src/cli/workers-options.ts'
import { POOL_DEFAULTS } from '../../src/hosting/gateway/pool-settings.ts'
import { PYTHON_DEFAULTS } from '../../src/hosting/gateway/process/python-settings.ts'
import { DEFAULTS } from '../../src/server/options.ts'
import { resolveOptions } from '../../src/server/resolve-options.ts'
import { usableCores } from '../../src/usable-cores.ts'
import type { ServeCommand } from '../../src/cli/args.ts'

type Environment = Record<string, string>

/** The command for `isthmus serve app.js …`. */
function serve(words: string[] = [], environment: Environment = {}): ServeCommand {
  const command = parseArguments(['serve', 'app.js', ...words], environment)
  if (command.type !== 'serve') throw new Error(`nothing is served: ${command.type}`)
  return command
}

function refusal(words: readonly string[], environment: Environment = {}): string {
  try {
    parseArguments(words, environment)
    return 'was taken'
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidOptionError)
    return (error as Error).message
  }
}

// Each flag, a text for it, the name of the option, and its value.
const SERVER: Array<
  [flag: string, text: string, name: keyof ServeCommand['options'], value: unknown]
> = [
  ['host', '::1', 'host', '::1'],
  ['port', '0', 'port', 0],
  ['uds', '/run/app.sock', 'uds', '/run/app.sock'],
  ['uds-mode', '660', 'udsMode', 0o660],
  ['uds-owner', 'www-data:adm', 'udsOwner', 'www-data:adm'],
  ['fd', '3', 'fd', 3],
  ['proxy-protocol', 'always', 'proxyProtocol', 'always'],
  ['proxy-protocol-from', '10.0.0.0/8, unix', 'proxyProtocolFrom', ['10.0.0.0/8', 'unix']],
  ['backlog', '16', 'backlog', 16],
  ['protocol', 'scgi', 'protocol', 'scgi'],
  ['engine', 'node', 'engine', 'node'],
  ['http2', 'true', 'http2', true],
  ['root-path', '/api', 'rootPath', '/api'],
  ['root-path-mode', 'verify', 'rootPathMode', 'verify'],
  ['header-map', 'refuse', 'headerMap', 'refuse'],
  ['server-header', 'desk', 'serverHeader', 'desk'],
  ['date-header', 'false', 'dateHeader', false],
  ['lifespan', 'off', 'lifespan', 'off'],
  ['timeout-lifespan', '1.5', 'lifespanTimeoutMs', 1_500],
  ['timeout-keep-alive', '0.25', 'keepAliveTimeoutMs', 250],
  ['timeout-head', '3', 'headTimeoutMs', 3_000],
  ['timeout-body', '3', 'bodyTimeoutMs', 3_000],
  ['timeout-write', '3', 'writeTimeoutMs', 3_000],
  ['timeout-drain-idle', '0.5', 'drainIdleMs', 500],
  ['timeout-graceful-shutdown', '0', 'graceMs', 0],
  ['limit-head', '4096', 'maxHeadBytes', 4_096],
  ['limit-request-line', '1024', 'maxRequestLineBytes', 1_024],
  ['limit-header-fields', '20', 'maxHeaderFields', 20],
  ['limit-body', '10', 'maxBodyBytes', 10],
  ['limit-concurrency', '2', 'maxConcurrency', 2],
  ['figures', 'true', 'figures', true],
  ['debug', 'true', 'debug', true],
  ['figures', 'true', 'figures', true],
]
const SYNC: Array<[string, string, keyof typeof SYNC_OPTIONS, unknown]> = [
  ['limit-inline-body', 'none', 'maxInlineBodyBytes', Infinity],
  ['environ', 'SITE=x', 'environ', { SITE: 'x' }],
]
const WEBSOCKET: Array<[string, string, keyof typeof DEFAULTS.websocket, unknown]> = [
  ['ws-max-message', '1024', 'maxMessageBytes', 1_024],
  ['ws-max-fragments', '4', 'maxFragments', 4],
  ['ws-max-queue', '4', 'maxQueue', 4],
  [
    'ws-origins',
    'https://a.example, https://b.example',
    'origins',
    ['https://a.example', 'https://b.example'],
  ],
  ['ws-ping-interval', '0', 'pingIntervalMs', 0],
  ['ws-ping-timeout', '2', 'pongTimeoutMs', 2_000],
  ['ws-close-timeout', '0.5', 'closeTimeoutMs', 500],
  ['ws-deflate', 'true', 'deflate', true],
]
const HEALTH: Array<[string, string, keyof typeof DEFAULTS.health, unknown]> = [
  ['health-live', '/livez', 'live', '/livez'],
  ['health-ready', '/readyz', 'ready', '/readyz'],
]
const PROCESS: Array<[string, string, keyof typeof PROCESS_OPTIONS, unknown]> = [
  ['config', 'shop.config.ts', 'config', 'shop.config.ts'],
  ['threads', '3', 'threads', 3],
  ['log-level', 'debug', 'logLevel', 'debug'],
  ['log-format', 'json', 'logFormat', 'json'],
  ['access-log', 'false', 'accessLog', false],
  ['proxy-headers', 'true', 'proxyHeaders', true],
  [
    'mount',
    '/a/b=x.js',
    'mounts',
    [['/a/b', { place: null, style: null, file: 'x.js', exportName: 'default' }]],
  ],
]
const CONTROL: typeof PROCESS = [
  ['control', '/run/desk.sock', 'control', '/run/desk.sock'],
  ['migrate-state', 'state.json', 'migrateState', 'state.json'],
  ['metrics', '[::1]:9464', 'metrics', { host: '::1', port: 9_464 }],
]
const POOL: Array<[string, string, keyof typeof POOL_OPTIONS, unknown]> = [
  ['threads-min', '0', 'min', 0],
  ['threads-timeout', '60', 'timeoutMs', 60_000],
  ['threads-queue', '0', 'maxQueue', 0],
  ['threads-queue-timeout', '0.5', 'queueTimeoutMs', 500],
  ['threads-concurrency', '8', 'concurrency', 8],
  ['threads-max-websockets', '2', 'maxWebSockets', 2],
  ['threads-max-requests', '500', 'maxRequests', 500],
  ['threads-idle-timeout', '2', 'idleTimeoutMs', 2_000],
  ['threads-nice', '0', 'nice', 0],
  ['threads-max-old-space-size', '256', 'maxOldGenerationSizeMb', 256],
  ['threads-buffering', 'false', 'buffering', false],
]
const PYTHON: Array<[string, string, keyof typeof PYTHON_OPTIONS, unknown]> = [
  ['python', '/opt/python3.12', 'python', '/opt/python3.12'],
  ['python-interface', 'asgi', 'interface', 'asgi'],
  ['python-processes', '3', 'processes', 3],
  ['python-threads', '8', 'threads', 8],
  ['python-cwd', 'backend', 'cwd', 'backend'],
  ['python-concurrency', '64', 'concurrency', 64],
  ['python-queue', '0', 'maxQueue', 0],
  ['python-queue-timeout', '0.5', 'queueTimeoutMs', 500],
  ['python-timeout', 'none', 'timeoutMs', Infinity],
  ['python-max-requests', '500', 'maxRequests', 500],
  ['python-max-memory', '256', 'maxMemoryBytes', 268_435_456],
  ['python-cancel-after', '0', 'cancelAfterMs', 0],
  ['python-buffering', 'false', 'buffering', false],
]

const REMOTE: Array<[string, string, keyof typeof REMOTE_OPTIONS, unknown]> = [
  ['remote-balance', 'cookie:sid', 'balance', { hash: { cookie: 'sid' } }],
  ['remote-host', 'app.example', 'host', 'app.example'],
  ['remote-mount-path', 'strip', 'mountPath', 'strip'],
  ['remote-head-timeout', '2.5', 'headTimeoutMs', 2_500],
  ['remote-idle-timeout', '90', 'idleTimeoutMs', 90_000],
  ['remote-retries', '0', 'retries', 0],
  ['remote-health-path', '/healthz', 'healthPath', '/healthz'],
]

const CHANNELS: Array<[string, string, keyof typeof CHANNELS_OPTIONS, unknown]> = [
  ['channels', 'rediss://10.0.0.5:6380/2', 'channels', 'rediss://10.0.0.5:6380/2'],
  ['channels-history', 'board=100:60', 'channelsHistory', { board: { size: 100, ttlMs: 60_000 } }],
]

const WORKERS: Array<[string, string, keyof typeof WORKERS_OPTIONS, unknown]> = [
  ['workers', '3', 'workers', 3],
  ['timeout-worker', '0.5', 'timeoutWorkerMs', 500],
  ['max-requests', '1000', 'maxRequests', 1_000],
  ['max-requests-jitter', '100', 'maxRequestsJitter', 100],
  ['max-rss', '512', 'maxRssBytes', 512 * 2 ** 20],
  ['worker-lifetime', '3600', 'workerLifetimeMs', 3_600_000],
]

const TLS: Array<[string, string, keyof typeof TLS_OPTIONS, unknown]> = [
  ['tls-cert', '/etc/cert.pem', 'cert', ['/etc/cert.pem']],
  ['tls-key', '/etc/key.pem', 'key', ['/etc/key.pem']],
  ['tls-ca', '/etc/ca.pem', 'ca', '/etc/ca.pem'],
  ['tls-crl', '/etc/crl.pem', 'crl', '/etc/crl.pem'],
  ['tls-client-certs', 'required', 'clientCerts', 'required'],
  ['tls-min-version', '1.3', 'minVersion', '1.3'],
  ['tls-ciphers', 'ECDHE+AESGCM:!aNULL', 'ciphers', 'ECDHE+AESGCM:!aNULL'],
  ['tls-passphrase-file', '/run/secrets/key', 'passphraseFile', '/run/secrets/key'],
]

const RELOAD: Array<[string, string, keyof typeof RELOAD_OPTIONS, unknown]> = [
  ['reload', 'true', 'reload', true],
  ['reload-include', '**/*.html', 'reloadInclude', ['**/*.html']],
]

function variable(flag: string): string {
  return `ISTHMUS_${flag.toUpperCase().replaceAll('-', '_')}`
}

/** The value of each option in the tables, by its flag. */
function valuesIn({
  options,
  pool,
  python,
  remote,
  channels,
  tls,
  reload,
  workers,
  ...own
}: ServeCommand): Array<[flag: string, value: unknown]> {
  return [
    ...SERVER.map(([flag, , name]): [string, unknown] => [flag, options[name]]),
    ...SYNC.map(([flag, , name]): [string, unknown] => [flag, options.sync[name]]),
    ...WEBSOCKET.map(([flag, , name]): [string, unknown] => [flag, options.websocket[name]]),
    ...HEALTH.map(([flag, , name]): [string, unknown] => [flag, options.health[name]]),
    ...[...PROCESS, ...CONTROL].map(([flag, , name]): [string, unknown] => [flag, own[name]]),
    ...POOL.map(([flag, , name]): [string, unknown] => [flag, pool[name]]),
    ...PYTHON.map(([flag, , name]): [string, unknown] => [flag, python[name]]),
    ...REMOTE.map(([flag, , name]): [string, unknown] => [flag, remote[name]]),
    ...CHANNELS.map(([flag, , name]): [string, unknown] => [flag, channels[name]]),
    ...WORKERS.map(([flag, , name]): [string, unknown] => [flag, workers[name]]),
    ...TLS.map(([flag, , name]): [string, unknown] => [flag, tls[name]]),
    ...RELOAD.map(([flag, , name]): [string, unknown] => [flag, reload[name]]),
  ]
}

describe('serve', () => {
  it('has the defaults of serve() for options that are not given', () => {
    const { options, pool, python, remote, channels, tls, workers, reload, ...rest } = serve()
    expect(workers).toEqual(WORKERS_DEFAULTS)
    expect(tls).toEqual(TLS_FLAG_DEFAULTS)
    expect(reload).toEqual(RELOAD_DEFAULTS)
    expect(channels).toEqual(CHANNELS_DEFAULTS)
    const {
      tls: _noTls,
      signal: _signal,
      channels: _channels,
      listener: _listener,
      sync,
      ...defaults
    } = DEFAULTS
    const { inlineThreads: _inlineThreads, ...syncDefaults } = sync
    expect(options).toEqual({ ...defaults, sync: syncDefaults })
    expect(pool).toEqual({
      min: null,
      maxWebSockets: null,
      timeoutMs: 30_000,
      maxQueue: 1_000,
      queueTimeoutMs: 30_000,
      concurrency: 64,
      maxRequests: Infinity,
      idleTimeoutMs: 30_000,
      nice: 5,
      maxOldGenerationSizeMb: null,
      buffering: true,
    })
    expect(python).toEqual({
      python: null,
      interface: 'auto',
      processes: expect.any(Number),
      threads: 1,
      cwd: null,
      concurrency: 1_000,
      maxQueue: 1_000,
      queueTimeoutMs: 30_000,
      timeoutMs: 30_000,
      maxRequests: Infinity,
      maxMemoryBytes: Infinity,
      cancelAfterMs: 3_000,
      buffering: true,
    })
    expect(remote).toEqual({
      balance: 'least-pending',
      host: 'keep',
      mountPath: 'keep',
      headTimeoutMs: 30_000,
      idleTimeoutMs: 60_000,
      retries: 1,
      healthPath: null,
    })
    expect(rest).toEqual({
      type: 'serve',
      app: { place: null, style: null, file: 'app.js', exportName: 'default' },
      config: null,
      configFile: null,
      mounts: [],
      threads: expect.any(Number),
      logLevel: 'info',
      logFormat: 'auto',
      accessLog: true,
      proxyHeaders: false,
      forwardedAllowIps: null,
      control: null,
      migrateState: null,
      metrics: null,
    })
    expect(rest.threads).toBeGreaterThan(0)
  })

  it('makes options that serve() accepts', () => {
    const all = SERVER.flatMap(([flag, text]) => [`--${flag}=${text}`])
    const { options } = serve(all)
    expect(resolveOptions(options, SILENT_LOG)).toMatchObject({ host: '::1', rootPath: '/api' })
  })

  // One command line for all, because a parser with all flags costs milliseconds.
  const all = [
    ...SERVER,
    ...SYNC,
    ...WEBSOCKET,
    ...HEALTH,
    ...PROCESS,
    ...CONTROL,
    ...POOL,
    ...PYTHON,
    ...REMOTE,
    ...CHANNELS,
    ...WORKERS,
    ...TLS,
    ...RELOAD,
  ]
  const expected = all.map(([flag, , , value]) => [flag, value])

  it('reads each option from the command line', () => {
    const command = serve(all.map(([flag, text]) => `--${flag}=${text}`))
    expect(valuesIn(command)).toEqual(expected)
  })

  it('reads each option from the environment', () => {
    const command = serve([], Object.fromEntries(all.map(([flag, text]) => [variable(flag), text])))
    expect(valuesIn(command)).toEqual(expected)
  })

  it('has no option that this test lacks', () => {
    const pools = [
      WORKERS_OPTIONS,
      POOL_OPTIONS,
      PYTHON_OPTIONS,
      REMOTE_OPTIONS,
      CHANNELS_OPTIONS,
      TLS_OPTIONS,
      RELOAD_OPTIONS,
      HEALTH_OPTIONS,
    ]
    const tables = [PROCESS_OPTIONS, ...pools, SERVER_OPTIONS, SYNC_OPTIONS, WEBSOCKET_OPTIONS]
    const flags = tables.flatMap((table) => Object.values(table).map(({ flag }) => flag))
    const tested = [
      ...PROCESS,
      ...CONTROL,
      ...POOL,
      ...PYTHON,
      ...REMOTE,
      ...CHANNELS,
      ...WORKERS,
      ...TLS,
      ...RELOAD,
      ...SERVER,
      ...SYNC,
      ...WEBSOCKET,
      ...HEALTH,
    ].map(([flag]) => flag)
    // The one flag that needs another: see the tests of proxies.
    expect(new Set(flags)).toEqual(new Set([...tested, 'forwarded-allow-ips']))
  })

  it('has each option of threads() that a number or a word can express', () => {
    // The name of the app and --threads give the first three, and --threads-max-old-space-size is a resource limit.
    const others = ['export', 'style', 'max', 'resourceLimits', 'env']
    const expressible = Object.keys(POOL_DEFAULTS).filter((name) => !others.includes(name))
    expect(Object.keys(POOL_OPTIONS)).toEqual(expect.arrayContaining(expressible))
    expect(POOL_FLAG_DEFAULTS).toMatchObject({ timeoutMs: POOL_DEFAULTS.timeoutMs })
  })

  it('has each option of python() that a number or a word can express', () => {
    const expressible = Object.keys(PYTHON_DEFAULTS).filter((name) => name !== 'env')
    expect(Object.keys(PYTHON_OPTIONS).toSorted()).toEqual(expressible.toSorted())
  })

  it('takes an app of Python, also at a path of its own', () => {
    const api = { place: 'python', app: 'api.main:app' }
    expect(serve(['--mount', '/api=python:api.main:app']).mounts).toEqual([['/api', api]])
    const command = parseArguments(['serve', 'python:api.main:app', '--python-threads=2'], {})
    expect(command).toMatchObject({ app: api, python: { threads: 2 } })
  })

  it('takes servers elsewhere, also at a path of their own', () => {
    const old = { place: 'remote', targets: ['http://a:3000', 'unix:/run/b.sock'] }
    const text = 'remote:http://a:3000,unix:/run/b.sock'
    expect(serve(['--mount', `/old=${text}`]).mounts).toEqual([['/old', old]])
    const command = parseArguments(['serve', text, '--remote-retries=0'], {})
    expect(command).toMatchObject({ app: old, remote: { retries: 0 } })
  })

  it('takes the trusted proxies with --proxy-headers', () => {
    const given = serve(['--proxy-headers', '--forwarded-allow-ips', '10.0.0.0/8, loopback'])
    expect(given).toMatchObject({
      proxyHeaders: true,
      forwardedAllowIps: ['10.0.0.0/8', 'loopback'],
    })
    const environment = { ISTHMUS_PROXY_HEADERS: '1', ISTHMUS_FORWARDED_ALLOW_IPS: '*' }
    expect(serve([], environment)).toMatchObject({ proxyHeaders: true, forwardedAllowIps: ['*'] })
    const alone = refusal(['serve', 'app.js', '--forwarded-allow-ips', '*'])
    expect(alone).toBe('--forwarded-allow-ips needs --proxy-headers as well')
  })

  it('takes PORT, and then listens on all interfaces, unless the user names a port or a host', () => {
    const at = (words: string[], environment: Environment): unknown => {
      const { host, port } = serve(words, environment).options
      return [host, port]
    }
    expect(at([], { PORT: '8080' })).toEqual(['0.0.0.0', 8_080])
    expect(at(['--host', '::1'], { PORT: '8080' })).toEqual(['::1', 8_080])
    expect(at([], { PORT: '8080', ISTHMUS_HOST: 'here' })).toEqual(['here', 8_080])
    expect(at(['--port', '1'], { PORT: '8080' })).toEqual(['127.0.0.1', 1])
    expect(at([], { PORT: 'nonsense', ISTHMUS_PORT: '2' })).toEqual(['127.0.0.1', 2])
    expect(refusal(['serve', 'app.js'], { PORT: 'tcp://10.0.0.1' })).toBe(
      'PORT must be a whole number from 0 to 65535, got "tcp://10.0.0.1"',
    )
  })

  it('lets the command line win over the environment', () => {
    const environment = { ISTHMUS_PORT: 'nonsense', ISTHMUS_DEBUG: 'true', ISTHMUS_HOST: 'here' }
    const { options } = serve(['--port', '1', '--no-debug'], environment)
    expect(options).toMatchObject({ port: 1, debug: false, host: 'here' })
  })

  it('takes switches without a value, and turns them off with --no-', () => {
    expect(serve(['--debug']).options.debug).toBe(true)
    expect(serve(['--no-date-header']).options.dateHeader).toBe(false)
    expect(serve(['--no-access-log']).accessLog).toBe(false)
    expect(serve(['--debug', '--no-debug']).options.debug).toBe(false)
  })

  it('takes an empty text for none', () => {
    expect(serve(['--server-header', '']).options.serverHeader).toBeNull()
    expect(serve([], { ISTHMUS_SERVER_HEADER: '' }).options.serverHeader).toBeNull()
    expect(serve(['--server-header', 'false']).options.serverHeader).toBe('false')
  })

  it('takes the last value of an option that is given twice', () => {
    expect(serve(['--port', '1', '--port', '2']).options.port).toBe(2)
  })

  it('takes every value of a repeatable option, one on each line in the environment', () => {
    const words = ['--environ', 'A=1', '--environ', 'B=2', '--mount', '/a=a.js', '--mount=/b/=b.js']
    const environment = { ISTHMUS_ENVIRON: 'A=1\n\nB=2\n', ISTHMUS_MOUNT: '/a=a.js\n/b=b.js' }
    const both = [serve(words), serve([], environment)]
    for (const { options, mounts } of both) {
      expect(options.sync.environ).toEqual({ A: '1', B: '2' })
      expect(mounts).toMatchObject([
        ['/a', { file: 'a.js' }],
        ['/b', { file: 'b.js' }],
      ])
    }
  })

  it('takes options before APP, and does not take APP for the value of a repeatable option', () => {
    const command = parseArguments(['serve', '--environ', 'A=1', 'sync:x.ts#y'], {})
    expect(command).toMatchObject({ app: { style: 'sync', file: 'x.ts', exportName: 'y' } })
  })
})

describe('cgi', () => {
  it('has an app, and the options of serve() that one request needs', () => {
    const words = ['cgi', 'app.js', '--limit-body', '100', '--log-level', 'warn']
    const command = parseArguments(words, {})
    expect(command).toMatchObject({ type: 'cgi', options: { maxBodyBytes: 100, logLevel: 'warn' } })
    expect(() => parseArguments(['cgi'], {})).toThrow('no APP to serve')
    expect(() => parseArguments(['cgi', 'app.js', '--port', '1'], {})).toThrow(
      'unknown argument "port"',
    )
  })
})

describe('a wrong command line', () => {
  it('is refused with the reason and the remedy', () => {
    const help = 'see "isthmus serve --help"'
    const cases: Array<[words: string, says: string]> = [
      ['', `no command given; ${help}`],
      ['sever', `unknown command "sever"; ${help}`],
      ['sever app.js', `unknown command in "sever, app.js"; ${help}`],
      ['serve', `no APP to serve; name one, or write app in isthmus.config.ts; ${help}`],
      ['serve app.js more', `unknown argument "more"; ${help}`],
      ['serve app.js more and', `unknown arguments "more, and"; ${help}`],
      ['serve app.js -- more', `unknown argument "more"; ${help}`],
      ['serve app.js --prot 1', `unknown argument "prot", did you mean --port; ${help}`],
      ['serve app.js -p 1', `unknown argument "p", did you mean --port; ${help}`],
      ['serve app.js -q 1', `unknown argument "q"; ${help}`],
      [
        'serve app.js --ssl-keyfile k.pem --ssl-certfile c.pem',
        `unknown arguments "ssl-keyfile, ssl-certfile", did you mean --tls-key, --tls-cert; ${help}`,
      ],
      ['serve app.js --port', `option --port needs a value; ${help}`],
      ['serve app.js --port=', '--port must be a whole number from 0 to 65535, got ""'],
      ['serve app.js --port -1', '--port must be a whole number from 0 to 65535, got "-1"'],
      ['serve app.js --port NaN', '--port must be a whole number from 0 to 65535, got "NaN"'],
      ['serve app.js --threads 1.5', '--threads must be a whole number from 0 to 1024, got "1.5"'],
      [
        'serve app.js --threads none',
        '--threads must be a whole number from 0 to 1024, got "none"',
      ],
      ['serve app.js --threads 2 --threads-min 3', '--threads-min (3) is more than --threads (2)'],
      [
        'serve app.js --threads-timeout 0',
        '--threads-timeout must be seconds above 0, such as 5 or 0.5, or "none", got "0"',
      ],
      ['serve app.js --no-port', '--port is no switch, so there is no --no-port'],
      ['serve app.js --no-host', '--host is no switch, so there is no --no-host'],
      ['serve app.js --no-mount', '--mount is no switch, so there is no --no-mount'],
      ['serve app.js --debug=yes', '"--debug=yes" is no switch; write --debug or --no-debug'],
      [
        'serve app.js --root-path api',
        '--root-path must be a path that starts with "/", got "api"',
      ],
      ['serve app.js --environ X', '--environ must be KEY=VALUE, got "X"'],
      ['serve app.js --lifespan maybe', '--lifespan must be auto, on or off, got "maybe"'],
      ['serve sync:', `APP must name a file, as in ${APP_FORM}, got "sync:"`],
      [
        'serve app.js --python-max-memory 0',
        '--python-max-memory must be a whole number of MiB from 1, or "none", got "0"',
      ],
      [
        'serve threads:python:shop',
        'APP must have no "threads:" before "python:", because an app of Python runs in processes of its own, got "threads:python:shop"',
      ],
      [
        'serve app.js --mount /api=python:api.py',
        '--mount must name a module of Python and not a file: write python:api, got "/api=python:api.py"',
      ],
      [
        'serve remote:http://a/path',
        'APP must name servers, each once and without a path, as in remote:http://127.0.0.1:3000 or remote:unix:/run/app.sock, got "remote:http://a/path"',
      ],
      [
        'serve node:remote:http://a',
        'APP must have no "node:" before "remote:", because the servers run elsewhere, got "node:remote:http://a"',
      ],
      [
        'serve remote:http://a --remote-balance hash',
        '--remote-balance must be least-pending, round-robin, client, header:NAME or cookie:NAME, got "hash"',
      ],
      [
        'serve remote:http://a --remote-host a/b',
        '--remote-host must be keep, target, or a host such as app.example:80, got "a/b"',
      ],
      [
        'serve remote:http://a --remote-health-path healthz',
        '--remote-health-path must be a path that starts with "/", such as /healthz, got "healthz"',
      ],
      [
        'bench remote:http://a',
        'isthmus bench compares the event loop with threads, and remote:http://a runs elsewhere; serve it, and measure the server',
      ],
      [
        'bench app.js --mount /api=python:api',
        'isthmus bench compares the event loop with threads, and python:api runs in processes; serve it, and measure the server',
      ],
    ]
    for (const [words, says] of cases) {
      expect([words, refusal(words.split(' ').filter(Boolean))]).toEqual([words, says])
    }
  })

  it('is refused for a mount that is no path, is the root, has no app, or is given twice', () => {
    const shape = 'must be /PATH=APP; the root "/" belongs to the first APP'
    for (const given of ['x.js', '/=x.js', 'a=x.js', '/a=', '//a=x.js', '/a//b=x.js']) {
      const says = refusal(['serve', 'app.js', '--mount', given])
      expect(says).toBe(`--mount ${shape}, got "${given}"`)
    }
    const twice = refusal(['serve', 'app.js', '--mount', '/a=x.js', '--mount', '/a/=y.js'])
    expect(twice).toContain('must be given once for each path, and "/a" has two')
    const noFile = refusal(['serve', 'app.js', '--mount', '/a=sync:'])
    expect(noFile).toContain('--mount must name a file')
  })

  it('is refused with the name of the variable if the environment is wrong', () => {
    const words = ['serve', 'app.js']
    for (const flag of ['uds', 'tls-cert', 'tls-key']) {
      const name = `ISTHMUS_${flag.toUpperCase().replace('-', '_')}`
      expect(refusal([...words, `--${flag}`, ''])).toContain('must be a path')
      expect(refusal(words, { [name]: '' })).toContain('must be a path')
    }
    expect(refusal(words, { ISTHMUS_PORT: '' })).toBe(
      'ISTHMUS_PORT must be a whole number from 0 to 65535, got ""',
    )
    expect(refusal(words, { ISTHMUS_ACCESS_LOG: 'no' })).toBe(
      'ISTHMUS_ACCESS_LOG must be true, 1, false or 0, got "no"',
    )
  })
})

describe('an unknown variable', () => {
  it('is refused with the nearest one', () => {
    const words = ['serve', 'app.js']
    const says = (name: string): string => refusal(words, { [name]: '1' })
    expect(says('ISTHMUS_PROT')).toBe(
      'unknown variable ISTHMUS_PROT in the environment; did you mean ISTHMUS_PORT?',
    )
    expect(says('ISTHMUS_TREADS_TIMEOUT')).toContain('did you mean ISTHMUS_THREADS_TIMEOUT?')
    expect(says('ISTHMUS_COLOUR')).toBe(
      'unknown variable ISTHMUS_COLOUR in the environment; see "isthmus serve --help"',
    )
    expect(says('ISTHMUS_')).toContain('unknown variable ISTHMUS_ ')
    expect(refusal(['bench', 'app.js'], { ISTHMUS_CONECTIONS: '1' })).toContain(
      'did you mean ISTHMUS_CONNECTIONS?',
    )
  })

  it('is not one of the other command, nor of another program', () => {
    expect(serve([], { ISTHMUS_CONNECTIONS: '4', ISTHMUSES: '1', MY_ISTHMUS_X: '1' }).type).toBe(
      'serve',
    )
  })
})

describe('--workers', () => {
  it('takes a number, or auto for one per core', () => {
    expect(serve(['--workers', 'auto']).workers.workers).toBe(usableCores())
    for (const wrong of ['0', '-1', '1.5', 'many', '', '1025']) {
      expect(refusal(['serve', 'app.js', `--workers=${wrong}`])).toContain(
        '--workers must be a whole number from 1 to 1024, or "auto"',
      )
    }
  })

  it('is not read from WEB_CONCURRENCY', () => {
    expect(serve([], { WEB_CONCURRENCY: '4' }).workers.workers).toBe(null)
  })
})

describe('help', () => {
  const text = (...words: string[]): string => {
    const command = parseArguments(words, { ISTHMUS_PORT: 'nonsense' })
    return command.type === 'print' ? command.text : 'nothing is printed'
  }

  it('names the command, and each option with its default', () => {
    expect(text('--help')).toContain('isthmus serve [app]')
    const help = text('serve', '--help')
    for (const [flag] of [
      ...PROCESS,
      ...POOL,
      ...PYTHON,
      ...REMOTE,
      ...CHANNELS,
      ...WORKERS,
      ...TLS,
      ...RELOAD,
      ...SERVER,
      ...SYNC,
      ...WEBSOCKET,
    ]) {
      expect(help).toContain(`--${flag}`)
    }
    expect(help).toMatch(/--port .*\[default: 8000\]/)
    expect(help).toMatch(/--limit-body .*\[default: none\]/)
    expect(help).toMatch(/--mount .*\[default: none\]/)
    expect(help).toContain('128 + N')
  })

  it('is printed even if the command line is wrong, and so is the version', () => {
    expect(text('serve', '--prot', '--help')).toContain('isthmus serve [app]')
    expect(text('serve', 'app.js', '--port', '1', '--help')).toContain('isthmus serve [app]')
    expect(text('--version')).toMatch(/^\d+\.\d+\.\d+$/)
  })
})
