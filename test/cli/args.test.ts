// Command lines and environments, and the commands that the parser makes of them.

import { describe, expect, it } from 'vitest'
import { SILENT_LOG } from '../../src/silent-log.ts'
import { parseArguments } from '../../src/cli/args.ts'
import {
  PROCESS_OPTIONS,
  SERVER_OPTIONS,
  SYNC_OPTIONS,
  WEBSOCKET_OPTIONS,
} from '../../src/cli/options-table.ts'
import { InvalidOptionError } from '../../src/errors.ts'
import { DEFAULTS } from '../../src/server/options.ts'
import { resolveOptions } from '../../src/server/resolve-options.ts'
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
  ['fd', '3', 'fd', 3],
  ['backlog', '16', 'backlog', 16],
  ['engine', 'node', 'engine', 'node'],
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
  ['debug', 'true', 'debug', true],
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
const PROCESS: Array<[string, string, keyof typeof PROCESS_OPTIONS, unknown]> = [
  ['threads', '3', 'threads', 3],
  ['log-level', 'debug', 'logLevel', 'debug'],
  ['log-format', 'json', 'logFormat', 'json'],
  ['access-log', 'false', 'accessLog', false],
  ['tls-cert', '/etc/cert.pem', 'tlsCert', '/etc/cert.pem'],
  ['tls-key', '/etc/key.pem', 'tlsKey', '/etc/key.pem'],
  [
    'mount',
    '/a/b=x.js',
    'mounts',
    [['/a/b', { place: null, style: null, file: 'x.js', exportName: 'default' }]],
  ],
]

function variable(flag: string): string {
  return `ISTHMUS_${flag.toUpperCase().replaceAll('-', '_')}`
}

describe('serve', () => {
  it('has the defaults of serve() for options that are not given', () => {
    const { options, ...rest } = serve()
    const { tls: _tls, signal: _signal, sync, ...defaults } = DEFAULTS
    const { inlineThreads: _inlineThreads, ...syncDefaults } = sync
    expect(options).toEqual({ ...defaults, sync: syncDefaults })
    expect(rest).toEqual({
      type: 'serve',
      app: { place: null, style: null, file: 'app.js', exportName: 'default' },
      mounts: [],
      threads: expect.any(Number),
      logLevel: 'info',
      logFormat: 'auto',
      accessLog: true,
      tlsCert: null,
      tlsKey: null,
    })
    expect(rest.threads).toBeGreaterThan(0)
  })

  it('makes options that serve() accepts', () => {
    const all = SERVER.flatMap(([flag, text]) => [`--${flag}=${text}`])
    const { options } = serve(all)
    expect(resolveOptions(options, SILENT_LOG)).toMatchObject({ host: '::1', rootPath: '/api' })
  })

  it('reads each option from the command line', () => {
    for (const [flag, text, name, value] of SERVER) {
      expect([flag, serve([`--${flag}=${text}`]).options[name]]).toEqual([flag, value])
    }
    for (const [flag, text, name, value] of SYNC) {
      expect([flag, serve([`--${flag}=${text}`]).options.sync[name]]).toEqual([flag, value])
    }
    for (const [flag, text, name, value] of WEBSOCKET) {
      expect([flag, serve([`--${flag}=${text}`]).options.websocket[name]]).toEqual([flag, value])
    }
    for (const [flag, text, name, value] of PROCESS) {
      expect([flag, serve([`--${flag}=${text}`])[name]]).toEqual([flag, value])
    }
  })

  it('reads each option from the environment', () => {
    for (const [flag, text, name, value] of SERVER) {
      expect([flag, serve([], { [variable(flag)]: text }).options[name]]).toEqual([flag, value])
    }
    for (const [flag, text, name, value] of SYNC) {
      const { sync } = serve([], { [variable(flag)]: text }).options
      expect([flag, sync[name]]).toEqual([flag, value])
    }
    for (const [flag, text, name, value] of WEBSOCKET) {
      const { websocket } = serve([], { [variable(flag)]: text }).options
      expect([flag, websocket[name]]).toEqual([flag, value])
    }
    for (const [flag, text, name, value] of PROCESS) {
      expect([flag, serve([], { [variable(flag)]: text })[name]]).toEqual([flag, value])
    }
  })

  it('has no option that this test lacks', () => {
    const tables = [PROCESS_OPTIONS, SERVER_OPTIONS, SYNC_OPTIONS, WEBSOCKET_OPTIONS]
    const flags = tables.flatMap((table) => Object.values(table).map(({ flag }) => flag))
    const tested = [...PROCESS, ...SERVER, ...SYNC, ...WEBSOCKET].map(([flag]) => flag)
    expect(new Set(flags)).toEqual(new Set(tested))
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
      expect(mounts.map(([path, { file }]) => [path, file])).toEqual([
        ['/a', 'a.js'],
        ['/b', 'b.js'],
      ])
    }
  })

  it('takes options before APP, and does not take APP for the value of a repeatable option', () => {
    const command = parseArguments(['serve', '--environ', 'A=1', 'sync:x.ts#y'], {})
    expect(command).toMatchObject({ app: { style: 'sync', file: 'x.ts', exportName: 'y' } })
  })
})

describe('a wrong command line', () => {
  it('is refused with the reason and the remedy', () => {
    const help = 'see "isthmus serve --help"'
    const cases: Array<[words: string, says: string]> = [
      ['', `no command given; ${help}`],
      ['sever', `unknown command "sever"; ${help}`],
      ['sever app.js', `unknown command in "sever, app.js"; ${help}`],
      ['serve', `no APP to serve; ${help}`],
      ['serve app.js more', `unknown argument "more"; ${help}`],
      ['serve app.js more and', `unknown arguments "more, and"; ${help}`],
      ['serve app.js -- more', `unknown argument "more"; ${help}`],
      ['serve app.js --prot 1', `unknown argument "prot"; ${help}`],
      ['serve app.js -p 1', `unknown argument "p"; ${help}`],
      ['serve app.js --port', `option --port needs a value; ${help}`],
      ['serve app.js --port=', '--port must be a whole number from 0 to 65535, got ""'],
      ['serve app.js --port -1', '--port must be a whole number from 0 to 65535, got "-1"'],
      ['serve app.js --port NaN', '--port must be a whole number from 0 to 65535, got "NaN"'],
      ['serve app.js --threads 1.5', '--threads must be a whole number from 0 to 1024, got "1.5"'],
      [
        'serve app.js --threads none',
        '--threads must be a whole number from 0 to 1024, got "none"',
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
      [
        'serve sync:',
        'APP must name a file, as in [threads:|inline:][sync:|iterable:|events:|node:|fetch:]FILE[#export], got "sync:"',
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

describe('help', () => {
  const text = (...words: string[]): string => {
    const command = parseArguments(words, { ISTHMUS_PORT: 'nonsense' })
    return command.type === 'print' ? command.text : 'nothing is printed'
  }

  it('names the command, and each option with its default', () => {
    expect(text('--help')).toContain('isthmus serve <app>')
    const help = text('serve', '--help')
    for (const [flag] of [...PROCESS, ...SERVER, ...SYNC, ...WEBSOCKET]) {
      expect(help).toContain(`--${flag}`)
    }
    expect(help).toMatch(/--port .*\[default: 8000\]/)
    expect(help).toMatch(/--limit-body .*\[default: none\]/)
    expect(help).toMatch(/--mount .*\[default: none\]/)
    expect(help).toContain('128 + N')
  })

  it('is printed even if the command line is wrong, and so is the version', () => {
    expect(text('serve', '--prot', '--help')).toContain('isthmus serve <app>')
    expect(text('serve', 'app.js', '--port', '1', '--help')).toContain('isthmus serve <app>')
    expect(text('--version')).toMatch(/^\d+\.\d+\.\d+$/)
  })
})
