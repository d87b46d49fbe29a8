// The documentation is true: its tables are those of the code, its links lead somewhere.

import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { CHANNELS_OPTIONS } from '../src/cli/channels-options.ts'
import { parseArguments } from './cli/parse-arguments.ts'
import { POOL_OPTIONS } from '../src/cli/pool-options.ts'
import { HEALTH_OPTIONS } from '../src/cli/health-options.ts'
import { SERVE_GROUPS } from '../src/cli/serve-groups.ts'
import { TLS_OPTIONS } from '../src/cli/tls-options.ts'
import { WORKERS_OPTIONS } from '../src/cli/workers-options.ts'
import { tlsFilesSettings } from '../src/server/tls/options.ts'
import { PYTHON_OPTIONS } from '../src/cli/python-options.ts'
import { RELOAD_OPTIONS } from '../src/cli/reload-options.ts'
import { REMOTE_OPTIONS } from '../src/cli/remote-options.ts'
import { poolSettings } from '../src/hosting/gateway/pool-settings.ts'
import { PYTHON_DEFAULTS } from '../src/hosting/gateway/process/python-settings.ts'
import {
  PROCESS_OPTIONS,
  SERVER_OPTIONS,
  SYNC_OPTIONS,
  WEBSOCKET_OPTIONS,
} from '../src/cli/options-table.ts'
import { DEFAULTS } from '../src/server/options.ts'
import { filesOfProse } from './architecture/project-prose.ts'
import { Page } from './docs/page.ts'
import { PROXIES } from './proxies/proxy-config.ts'

const ROOT = fileURLToPath(new URL('../', import.meta.url))
const GUIDE = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'))
const DECISIONS = readdirSync(join(ROOT, 'docs/decisions'))
const PATHS = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'benchmarks/README.md',
  'examples/README.md',
  'examples/ticket-desk/README.md',
  'examples/express-beside-realtime/README.md',
  'examples/hono/README.md',
  'examples/migration/README.md',
  'examples/opentelemetry/README.md',
  'examples/python/README.md',
  ...GUIDE.map((name) => `docs/${name}`),
  ...DECISIONS.map((name) => `docs/decisions/${name}`),
]

const hostProtocol = new Page('docs/host-protocol.md')
const pythonApps = new Page('docs/python.md')
const semantics = new Page('docs/semantics.md')
const serving = new Page('docs/serving.md')
const threads = new Page('docs/threads.md')
const websockets = new Page('docs/websockets.md')

/** A default as the tables write it: an empty or infinite value is `none`. */
function shown(value: unknown): string {
  if (typeof value === 'number' && Number.isFinite(value)) return value.toLocaleString('en-US')
  if (typeof value === 'boolean') return String(value)
  if (Array.isArray(value) && value.length > 0) return value.join(', ')
  return typeof value === 'string' && value !== '' ? value : 'none'
}

/** `option flag default` for each row whose second cell is a flag. */
function optionRows(page: Page): string[] {
  return [...page.rows].flatMap(([name, [flag = '', fallback]]) =>
    flag.startsWith('`--') ? [`${name} ${flag} ${fallback}`] : [],
  )
}

/** The same lines for the options in the code. */
function optionsOf(table: object, defaults: object): string[] {
  return Object.entries(table).map(
    ([name, { flag }]) => `${name} \`--${flag}\` ${shown(Reflect.get(defaults, name))}`,
  )
}

describe('the tables', () => {
  it('have every option of serve() with its flag and its default', () => {
    const rows = optionRows(serving).filter((row) => !/^(websocket|log|health\.\w+) /.test(row))
    const options = [
      ...optionsOf(SERVER_OPTIONS, DEFAULTS),
      ...optionsOf(SYNC_OPTIONS, DEFAULTS.sync),
    ]
    expect(rows.toSorted()).toEqual(options.toSorted())
    const names = [...Object.keys(DEFAULTS), ...Object.keys(DEFAULTS.sync)]
    expect(names.filter((name) => !serving.rows.has(name))).toEqual([])
  })

  it('have the paths of probes with their flags', () => {
    const flags = Object.entries(HEALTH_OPTIONS).map(([name, { flag }]) => [`health.${name}`, flag])
    const rows = flags.map(([name = '']) => [name, serving.rows.get(name)?.[0]])
    expect(rows).toEqual(flags.map(([name, flag]) => [name, `\`--${flag}\``]))
  })

  it('have every option of WebSockets with its flag and its default', () => {
    const options = optionsOf(WEBSOCKET_OPTIONS, DEFAULTS.websocket)
    expect(optionRows(websockets).toSorted()).toEqual(options.toSorted())
  })

  it('have every flag that belongs to the command line alone', () => {
    const tables = [
      PROCESS_OPTIONS,
      POOL_OPTIONS,
      PYTHON_OPTIONS,
      REMOTE_OPTIONS,
      CHANNELS_OPTIONS,
      RELOAD_OPTIONS,
      WORKERS_OPTIONS,
    ]
    const flags = tables.flatMap((table) => Object.values(table).map(({ flag }) => `--${flag}`))
    const rows = [...serving.rows.keys()].filter((name) => name.startsWith('--'))
    expect(rows.toSorted()).toEqual(flags.toSorted())
  })

  it('have every option of tlsFiles() with its default and its flags', () => {
    const flags = Object.values(TLS_OPTIONS).map(({ flag }) => `\`--${flag}\``)
    const rows = [...serving.rows.values()].map(([, flag = '']) => flag)
    const shownFlags = rows
      .filter((cell) => cell.startsWith('`--tls-'))
      .flatMap((cell) => cell.split(', '))
    expect(shownFlags.toSorted()).toEqual(flags.toSorted())
    const given = { pairs: [{ cert: 'a', key: 'b' }] }
    const { pairs: _pairs, ciphers: _ciphers, ...settings } = tlsFilesSettings(given)
    const options = Object.entries(settings)
    expect(options.map(([name]) => [name, serving.rows.get(name)?.[0]])).toEqual(
      options.map(([name, value]) => [name, shown(value)]),
    )
  })

  it('have every option of threads() with its default', () => {
    const pool = poolSettings({ url: 'file:///app.js', kind: 'app' }, {})
    const { target, multiprocess: _multiprocess, max: _max, env: _env, ...bounds } = pool
    const { buffering, streams: _streams, slots: _slots, maxWebSockets: _held, ...single } = bounds
    const { directory: _directory, ...sizes } = buffering
    const options = Object.entries({ ...single, ...sizes, export: target.exportName })
    const rows = options.map(([name]) => [name, threads.rows.get(name)?.[0]])
    expect(rows).toEqual(options.map(([name, value]) => [name, shown(value)]))
    const chosen = ['max', 'maxWebSockets', 'env'].map((name) => threads.rows.get(name)?.[0])
    expect(chosen).toEqual(['one per core', 'one less than `max`, at least 1', 'a copy'])
  })

  it('have every option of python() with its default', () => {
    const chosen: Record<string, string> = {
      processes: 'one per core',
      python: '[by the folder](#from-the-command-line)',
      cwd: 'that of the server',
      env: 'that of the server',
      buffering: 'on for WSGI',
    }
    const options = Object.entries(PYTHON_DEFAULTS)
    const rows = options.map(([name]) => [name, pythonApps.rows.get(name)?.[0]])
    expect(rows).toEqual(options.map(([name, value]) => [name, chosen[name] ?? shown(value)]))
  })
})

describe('merges of branches', () => {
  it('leave no entry of the changelog, and no row of a table of options, twice', () => {
    const entries = readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8').split(/\n(?=[-#] )/)
    expect(repeated(entries.filter((entry) => entry.startsWith('- ')))).toEqual([])

    // The ways of ARCHITECTURE.md pass a file twice.
    const pages = GUIDE.filter((name) => name !== 'ARCHITECTURE.md')
    const tables = pages.flatMap((name) => {
      const tablesOf = readFileSync(join(ROOT, 'docs', name), 'utf8').split(/\n(?!\|)/)
      return tablesOf.map((table) => table.match(/^\| `[^`|]+` \|/gm) ?? [])
    })
    expect(tables.flatMap(repeated)).toEqual([])
  })
})

function repeated(texts: readonly string[]): string[] {
  return texts.filter((text, at) => texts.indexOf(text) < at)
}

describe('the page about Python apps', () => {
  it('names no flag that the command line does not have, beside those of gunicorn and uvicorn', () => {
    const help = parseArguments(['serve', '--help'], {})
    const flags: string[] = ('text' in help ? help.text : '').match(/--[a-z\d-]+/g) ?? []
    const ours = pythonApps.text
      .split('\n')
      .flatMap((line) => (/^\| .*`-/.test(line) ? (line.split('|')[2] ?? '') : line))
      .filter((line) => !line.startsWith('npm ') && !line.includes('--preload'))
    const named = ours.flatMap((text) => text.match(/(?<=[\s`])--[a-z\d-]+/g) ?? [])
    expect(named).toContain('--python-processes')
    expect(named.filter((flag) => !flags.includes(flag))).toEqual([])
  })
})

describe('the error codes', () => {
  it('are those of the sources, each with its class, its moment and its remedy', () => {
    const codes = filesOfProse(['src']).flatMap((path) => {
      const text = readFileSync(join(ROOT, path), 'utf8')
      const classes = text.matchAll(
        /^(?:export )?class (\w+) [^]*?readonly code(?:: string)? = '(\w+)'/gm,
      )
      return [...classes].map(([, name, code]) => `${code} \`${name}\``)
    })
    const rows = [...new Page('docs/error-codes.md').rows]
    const listed = rows.map(([code, [name]]) => `${code} ${name}`)
    expect(listed.toSorted()).toEqual(codes.toSorted())
    expect(rows.filter(([, cells]) => cells.length !== 3 || cells.includes(''))).toEqual([])
  })
})

describe('production', () => {
  const production = new Page('docs/production.md')

  it('has no flag that the command line does not have', () => {
    const tables = Object.values(SERVE_GROUPS).map(({ table }): object => table)
    const flags = tables.flatMap((table) => {
      return Object.values(table).map(({ flag }: { flag: string }) => `--${flag}`)
    })
    const named = production.text.match(/(?<=[\s`"])--[a-z\d-]+/g) ?? []
    const others = [
      '--omit',
      '--import',
      '--now',
      '--yes',
      '--no-install-recommends',
      '--init',
      '--cpus',
    ]
    expect(named).toContain('--timeout-keep-alive')
    expect(named.filter((flag) => ![...flags, ...others].includes(flag))).toEqual([])
  })

  it('has the configuration of nginx that the tests of proxies run', () => {
    const place = { port: 80, upstreams: [8000], directory: '/tmp' }
    const tested = new Set(linesOf(PROXIES.nginx.config(place)))
    const [shown = ''] = production.blocksOf('nginx')
    const structure = /^(listen .*|server \{|\}|)$/
    const untested = linesOf(shown).filter((line) => !structure.test(line) && !tested.has(line))
    expect(untested).toEqual([])
    expect(shown).toContain('proxy_pass')
  })
})

/** The lines of a configuration, without the blanks around them. */
function linesOf(text: string): string[] {
  return text.split('\n').map((line) => line.trim())
}

describe('the host protocol', () => {
  it('has an example of every message, in JSON', () => {
    const source = readFileSync(join(ROOT, 'src/hosting/protocol/messages.ts'), 'utf8')
    const types = [...source.matchAll(/^  type: '(\w+)'$/gm)].map(([, type]) => type)
    const examples = hostProtocol
      .blocksOf('json')
      .map((text) => JSON.parse(text) as { type?: string })
      // The greetings of the byte encoding are no messages.
      .filter(({ type }) => type !== undefined)
    expect(new Set(examples.map(({ type }) => type))).toEqual(new Set(types))
  })
})

describe('the semantics', () => {
  const numbers = [...semantics.text.matchAll(/^- \*\*(3[abc]\.\d+)\*\* /gm)].map(
    ([, number]) => number,
  )

  it('have a rule for every number that a title of a test or a comment cites', () => {
    const cited = filesOfProse(['src', 'test', 'docs/decisions']).flatMap((path) =>
      citations(path)
        .filter((number) => !numbers.includes(number))
        .map((number) => `${path}: ${number}`),
    )
    expect(cited).toEqual([])
  })

  it('count their rules without a gap', () => {
    const counted = ['3a', '3b', '3c'].flatMap((part) => {
      const size = numbers.filter((number) => number?.startsWith(part)).length
      return Array.from({ length: size }, (_, at) => `${part}.${at + 1}`)
    })
    expect(numbers).toEqual(counted)
  })
})

describe('the index of decisions', () => {
  it('lists every decision once, in order', () => {
    const { links } = new Page('docs/decisions/README.md')
    const records = DECISIONS.filter((name) => /^\d/.test(name))
    expect(links.filter((link) => /^\d/.test(link))).toEqual(records.toSorted())
  })

  it('gives each decision the number of its file', () => {
    const wrong = DECISIONS.filter((name) => /^\d/.test(name)).filter((name) => {
      const [, number] = /^# (\d+)\. /.exec(new Page(`docs/decisions/${name}`).text) ?? []
      return number?.padStart(3, '0') !== name.slice(0, 3)
    })
    expect(wrong).toEqual([])
  })
})

describe('the sources', () => {
  it('that pages name are there', () => {
    const gone = PATHS.flatMap((path) => {
      const named = readFileSync(join(ROOT, path), 'utf8').match(/(?<=`)src\/[\w/.-]+(?=`)/g) ?? []
      return named.filter((file) => !existsSync(join(ROOT, file))).map((file) => `${path}: ${file}`)
    })
    expect(gone).toEqual([])
  })
})

/** The numbers of rules that a file cites: `[3a.4]`, `[3b.37, 38]`, `3c.6`. */
function citations(path: string): string[] {
  const text = readFileSync(join(ROOT, path), 'utf8')
  const lists = text.matchAll(/\b(3[abc])\.(\d+)((?:, \d+\b)*)/g)
  return [...lists].flatMap(([, part, first, others = '']) =>
    [first, ...(others.match(/\d+/g) ?? [])].map((number) => `${part}.${number}`),
  )
}

describe('the links', () => {
  it('lead to files that exist, and to headings in them', () => {
    const pages = PATHS.map((path) => new Page(path))
    const dead = pages.flatMap(({ path, links }) =>
      links.filter((link) => !leadsSomewhere(path, link)).map((link) => `${path}: ${link}`),
    )
    expect(dead).toEqual([])
  })

  it('of the README reach every page of the guide, directly or over another page', () => {
    const reached = new Set(['README.md'])
    for (const path of reached) {
      if (!path.endsWith('.md')) continue
      for (const link of new Page(path).links) reached.add(targetOf(path, link))
    }
    expect(GUIDE.filter((name) => !reached.has(`docs/${name}`))).toEqual([])
  })
})

function targetOf(path: string, link: string): string {
  const [file = ''] = link.split('#', 1)
  return file === '' ? path : normalize(join(dirname(path), file))
}

function leadsSomewhere(path: string, link: string): boolean {
  const target = targetOf(path, link)
  if (!existsSync(join(ROOT, target))) return false
  const [, anchor] = link.split('#')
  return anchor === undefined || new Page(target).anchors.includes(anchor)
}
