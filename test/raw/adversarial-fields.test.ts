// A client chooses the values of its fields, up to 16 KiB. No value may cost much more CPU than one that no code reads: one
// connection could stall the server for all others.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { chain, mount, sync } from 'isthmus'
import {
  accessLog,
  basicAuth,
  bodyLimit,
  compress,
  cors,
  errorPage,
  forwarded,
  httpsRedirect,
  requestId,
  timeout,
  trustedHost,
} from 'isthmus/middleware'
import { answer, httpApp, served } from './served.ts'
import type { HostedApp } from 'isthmus'
import type { Served } from './served.ts'

const SIZE = 15_000
const MAX_CPU_MS = 25
const WORDS =
  'accept authorization connection cookie date expect forwarded host origin range te trailer upgrade vary via'

/** All names of fields in the sources, and words that look like one: a new reader of a field is covered without a change here. */
const NAMES = new Set([...WORDS.split(' '), ...namesInSources()])

const run = (piece: string): string => piece.repeat(Math.floor(SIZE / piece.length))

const VALUES: Readonly<Record<string, string>> = {
  'white space in the middle': `a${' '.repeat(SIZE)}b`,
  'tabs in the middle': `a${'\t'.repeat(SIZE)}b`,
  'white space before a comma': `a${' '.repeat(SIZE)},b`,
  commas: run(','),
  members: run('a,'),
  'members with white space': run('a , '),
  semicolons: run('a;'),
  parameters: run('a;b=c;'),
  weights: run('a;q=0.5,'),
  'open quotes': `a="${run('\\"')}`,
  quotes: run('"'),
  'open comments': run('('),
  equals: run('a='),
  slashes: `/${run('a/')}`,
  dots: run('1.'),
  colons: run('1:'),
  brackets: run('[:'),
  escapes: run('%2'),
  digits: run('1'),
  letters: run('a'),
  'high octets': run('\xe9'),
  base64: `Basic ${run('QUFB')}!`,
}

const LOGGED_IN: ReadonlyArray<readonly [string, string]> = [
  ['host', 'a'],
  ['authorization', 'Basic YTpi'],
]

const HANDSHAKE: ReadonlyArray<readonly [string, string]> = [
  ['connection', 'upgrade'],
  ['upgrade', 'websocket'],
  ['sec-websocket-version', '13'],
  ['sec-websocket-key', 'MDEyMzQ1Njc4OWFiY2RlZg=='],
]

function namesInSources(): string[] {
  const folders = ['http', 'server', 'middleware', 'chain', 'async', 'bridge', 'hosting', 'sync']
  const files = folders.flatMap((folder) =>
    readdirSync(join('src', folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => readFileSync(join('src', folder, file), 'utf8')),
  )
  return files.flatMap((text) =>
    [...text.matchAll(/'([a-z]+(?:-[a-z0-9]+)+)'/g)].map((match) => match[1] as string),
  )
}

/** The CPU time of this process, client included, for one request on a connection of its own. */
async function cpuMs(
  target: Served,
  fields: ReadonlyArray<readonly [string, string]>,
): Promise<number> {
  const before = process.cpuUsage()
  using client = await target.connect()
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  client.send(`GET / HTTP/1.1\r\n${lines}\r\n`)
  await client.head()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

/** The least of three: other work of the machine, and the collector, only add. */
async function leastCpuMs(
  target: Served,
  fields: ReadonlyArray<readonly [string, string]>,
): Promise<number> {
  const first = await cpuMs(target, fields)
  if (first <= MAX_CPU_MS) return first
  return Math.min(first, await cpuMs(target, fields), await cpuMs(target, fields))
}

function withField(
  base: ReadonlyArray<readonly [string, string]>,
  name: string,
  value: string,
): Array<readonly [string, string]> {
  return [...base.filter(([own]) => own !== name), [name, value]]
}

async function slowFields(
  app: HostedApp,
  base: ReadonlyArray<readonly [string, string]>,
  names: Iterable<string>,
): Promise<string[]> {
  await using target = await served(app)
  const slow: string[] = []
  for (const name of names) {
    for (const [kind, value] of Object.entries(VALUES)) {
      const ms = await leastCpuMs(target, withField(base, name, value))
      if (ms > MAX_CPU_MS) slow.push(`${name} with ${kind}: ${Math.round(ms)} ms`)
    }
  }
  return slow
}

const everything = chain(
  accessLog({ format: 'combined', write: () => undefined }),
  requestId(),
  forwarded({ trust: ['127.0.0.1'], take: ['for', 'proto', 'host', 'prefix'] }),
  trustedHost({ hosts: ['a'] }),
  cors({ origins: [/https:\/\/[a-z]+\.example/], credentials: true }),
  compress({ minBytes: 0 }),
  errorPage(),
  timeout({ timeoutMs: 5_000 }),
  bodyLimit({ maxBytes: 100 }),
  basicAuth({ realm: 'a', verify: () => true }),
  httpsRedirect(),
)

describe('the fields of a request', { timeout: 120_000 }, () => {
  it('reads the names of the sources', () => {
    expect([...NAMES]).toEqual(
      expect.arrayContaining(['accept-encoding', 'x-forwarded-for', 'host']),
    )
  })

  it('cost no app much more CPU than an unread field', async () => {
    const app = mount({
      '/': httpApp((_scope, _receive, send) => answer(send, 'hello')),
    })
    expect(await slowFields(app, [['host', 'a']], NAMES)).toEqual([])
  })

  it('cost a sync app with all middleware not much more CPU than an unread field', async () => {
    const app = sync((_environ, startResponse) => {
      startResponse('200 OK', [['Content-Type', 'text/plain']])
      return ['hello']
    })
    expect(await slowFields(everything(app), LOGGED_IN, NAMES)).toEqual([])
  })

  it('cost a handshake not much more CPU than an unread field', async () => {
    const names = [...NAMES].filter((name) => /socket|upgrade|connection|origin|host/.test(name))
    const app = httpApp((_scope, _receive, send) => answer(send, 'hello'))
    expect(await slowFields(app, [['host', 'a'], ...HANDSHAKE], names)).toEqual([])
  })
})
