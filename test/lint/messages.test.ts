// The messages of lint: each is a whole sentence, also about a value that has no name.

import { describe, expect, it } from 'vitest'
import { AppError, LintError } from '../../src/errors.ts'
import { events, iterable, sync } from '../../src/bridge/style.ts'
import { lint } from '../../src/lint/lint.ts'
import { nameOf } from '../../src/name-of.ts'
import { makeEnviron } from '../sync/make-environ.ts'
import { event, httpScope, lifespanScope, NO_BODY, websocketScope } from './events/stage.ts'
import type { AsyncBody, Environ } from '../../src/contract/environ.ts'
import type { EventApp, ReceiveEvent, Scope } from '../../src/contract/events.ts'

type Call = (...args: unknown[]) => unknown

const quiet = (): Call => () => 'quiet'

/** Values that have no name, an empty name, or an empty text. */
const VALUES: ReadonlyArray<[name: string, value: unknown]> = [
  ['an empty string', ''],
  ['an empty array', []],
  ['an array of nothing', [[]]],
  ['an array of an empty pair', [['', '']]],
  ['an empty object', {}],
  ['an object without a prototype', Object.create(null)],
  ['an object of a class without a name', Object.create({ constructor: { name: '' } })],
  ['an object whose constructor is null', Object.create({ constructor: null })],
  ['an object whose name is a number', Object.create({ constructor: { name: 5 } })],
  ['a symbol without a description', Symbol()],
  ['a function without a name', Object.defineProperty(() => quiet, 'name', { value: '' })],
  ['a bigint', 7n],
  ['a number', -0],
  ['null', null],
  ['false', false],
  ['blanks', '  '],
  ['a line break', 'a\r\nb'],
  ['a long string', 'x'.repeat(100_000)],
  ['a boxed string', new String('')],
  ['a Date', new Date(Number.NaN)],
  ['empty bytes', new Uint8Array(0)],
]

const HOLES = [
  /undefined/,
  /NaN/,
  /\[object [A-Z]/,
  /""/,
  /(?<!\[ )''(?! (?:or|\]|for))/,
  /\s\(\)/,
  / {2}/,
  / [;:,]/,
]

/** The faults of the message of `error`. A message of at most 400 characters fits into a report. */
function faultsOf(error: unknown): string[] {
  if (!(error instanceof LintError)) return [`no LintError: ${String(error)}`]
  const { message } = error
  const unquoted = message.replace(/"(?:[^"\\]|\\.)+"/g, '"…"')
  // A result of next() without a `value` is a chunk that is undefined.
  const faults = HOLES.filter((hole) =>
    hole.test(unquoted.replace('yielded undefined', 'yielded it')),
  ).map(String)
  if (!/^(?:app|server) broke \S.*\S: \S.*\S$/s.test(unquoted)) faults.push('no sentence')
  if (/[\r\n]/.test(message)) faults.push('more than one line')
  if (message.length > 400) faults.push(`${message.length} characters`)
  return faults.map((fault) => `${fault} in: ${message.slice(0, 200)}`)
}

async function faultsIn(run: () => unknown): Promise<string[]> {
  try {
    await run()
    return []
  } catch (error) {
    return faultsOf(error)
  }
}

async function faultsOfAll(runs: ReadonlyArray<[string, () => unknown]>): Promise<string[]> {
  const found: string[] = []
  for (const [name, run] of runs)
    for (const fault of await faultsIn(run)) found.push(`${name}: ${fault}`)
  return found
}

const fine: Call = (_environ, startResponse) => {
  ;(startResponse as Call)('200 OK', [])
  return []
}

describe.each(VALUES)('the messages of lint about %s', (_name, value) => {
  it('have no holes in place of a part of environ', async () => {
    const app = lint(sync(fine as never)) as Call
    const keys = [...Object.keys(makeEnviron()), 'CONTENT_LENGTH', 'HTTP_CONTENT_TYPE', 'X']
    const own = ['isthmus.signal', 'isthmus.state', 'isthmus.responseFinished']
    const runs = [...keys, ...own, 'wsgi.input_terminated'].map((key): [string, () => unknown] => [
      key,
      () => app(makeEnviron({ [key]: value } as Partial<Environ>), quiet),
    ])
    runs.push(['environ', () => app(value, quiet)], ['start', () => app(makeEnviron(), value)])
    expect(await faultsOfAll(runs)).toEqual([])
  })

  it('have no holes in place of an argument or a result of a sync app', async () => {
    const calling =
      (call: (environ: Record<string, Record<string, Call>>, start: Call) => unknown) => () => {
        const app = lint(sync(((environ: never, start: never) => call(environ, start)) as never))
        const body = (app as Call)(makeEnviron(), quiet) as Iterable<unknown>
        return [...body]
      }
    const started = (start: Call, body: unknown): unknown => {
      start('200 OK', [])
      return body
    }
    const runs: Array<[string, () => unknown]> = ['read', 'readline', 'readlines', 'close'].map(
      (method) => [method, calling(({ 'wsgi.input': input }) => input?.[method]?.(value, value))],
    )
    for (const method of ['write', 'writelines', 'flush', 'close'])
      runs.push([method, calling(({ 'wsgi.errors': errors }) => errors?.[method]?.(value, value))])
    runs.push(
      [
        'read, once',
        calling((environ, start) => started(start, [environ['wsgi.input']?.read?.(value)])),
      ],
      [
        'lines',
        calling((environ, start) =>
          started(start, environ['wsgi.errors']?.writelines?.([value]) ?? []),
        ),
      ],
      ['status', calling((_environ, start) => start(value, []))],
      ['headers', calling((_environ, start) => start('200 OK', value))],
      ['pair', calling((_environ, start) => start('200 OK', [value]))],
      ['name', calling((_environ, start) => start('200 OK', [[value, 'a']]))],
      ['value', calling((_environ, start) => start('200 OK', [['a', value]]))],
      ['length', calling((_environ, start) => start('200 OK', [['content-length', value]]))],
      ['excInfo', calling((_environ, start) => started(start, start('200 OK', [], value)))],
      ['write', calling((_environ, start) => (start('200 OK', []) as Call)(value, value))],
      ['body', calling((_environ, start) => started(start, value))],
      ['array', calling((_environ, start) => started(start, [value]))],
      ['chunk', calling((_environ, start) => started(start, new Set([value])))],
      [
        'close',
        calling((_environ, start) => started(start, Object.assign(new Set(), { close: value }))),
      ],
      [
        'iterator',
        calling((_environ, start) => started(start, { [Symbol.iterator]: () => value })),
      ],
      [
        'next',
        calling((_environ, start) =>
          started(start, { [Symbol.iterator]: () => ({ next: () => value }) }),
        ),
      ],
    )
    expect(await faultsOfAll(runs)).toEqual([])
  })

  it('have no holes in place of a result of an iterable app', async () => {
    const running = (body: () => unknown) => async () => {
      const app = lint(
        iterable((async (_environ: unknown, start: Call) => {
          start('200 OK', [])
          return body()
        }) as never),
      )
      const methods = ['read', 'readline', 'readlines', 'readAsync', 'read1Async']
      const keys = [...methods, Symbol.iterator, Symbol.asyncIterator]
      const input = Object.fromEntries(keys.map((key) => [key, quiet]))
      const environ = makeEnviron({ 'wsgi.input': input as never })
      const returned = (await (app as Call)(environ, quiet)) as AsyncBody
      for await (const chunk of returned) void chunk
    }
    expect(
      await faultsOfAll([
        ['body', running(() => value)],
        [
          'chunk',
          running(async function* () {
            yield value
          }),
        ],
        ['iterator', running(() => ({ [Symbol.asyncIterator]: () => value }))],
        ['next', running(() => ({ [Symbol.asyncIterator]: () => ({ next: () => value }) }))],
      ]),
    ).toEqual([])
  })

  it('have no holes in place of a part of a scope', async () => {
    const app = lint(
      events(() => Promise.reject(new LintError('app broke a rule: it threw'))),
    ) as Call
    const never = (): Promise<never> => new Promise(() => undefined)
    const runs: Array<[string, () => unknown]> = []
    for (const make of [httpScope, websocketScope, lifespanScope]) {
      const scope = make()
      for (const key of Object.keys(scope))
        runs.push([`${scope.type} ${key}`, () => app({ ...scope, [key]: value }, never, never)])
    }
    runs.push(['scope', () => app(value, never, never)])
    runs.push(['receive', () => app(httpScope(), value, value)])
    runs.push(['rootPath', () => app(httpScope({ path: '/', rootPath: '/a' }), never, never)])
    expect(await faultsOfAll(runs)).toEqual([])
  })

  it('have no holes in place of an event, or of a part of one', async () => {
    const runs: Array<[string, () => unknown]> = []
    const offers = [websocketScope(), websocketScope({ subprotocols: [], extensions: {} })]
    const add = (scope: Scope, sent: unknown[], received: unknown[]): void => {
      const app: EventApp = async (_scope, receive, send) => {
        for (const _event of received) await receive()
        for (const each of sent) await send(each as never)
        throw new LintError('app broke a rule: it threw')
      }
      let at = 0
      const receive = (): Promise<ReceiveEvent> => Promise.resolve(received[at++] as ReceiveEvent)
      const name = [...received, ...sent].map((each) => (each as { type?: unknown } | null)?.type)
      runs.push([
        name.map(nameOf).join(' '),
        () => lint(events(app))(scope, receive as never, () => Promise.resolve()),
      ])
    }
    const start = event('http.response.start', { status: 200 })
    for (const sent of [value, { type: value }]) {
      add(httpScope(), [sent], [])
      add(lifespanScope(), [sent], [event('lifespan.startup')])
      for (const scope of offers) add(scope, [sent], [event('websocket.connect')])
      add(httpScope(), [], [sent])
      add(websocketScope(), [], [sent])
      add(lifespanScope(), [], [sent])
      add({ ...httpScope(), type: 'odd' } as never, [sent], [])
    }
    for (const key of ['status', 'headers', 'trailers', 'other'])
      add(httpScope(), [event('http.response.start', { status: 200, [key]: value })], [])
    for (const key of ['body', 'moreBody'])
      add(httpScope(), [start, event('http.response.body', { [key]: value })], [])
    for (const header of [[value, 'a'], ['a', value], ['content-length', value], ['X', 'a'], value])
      add(httpScope(), [event('http.response.start', { status: 200, headers: [header] })], [])
    add(httpScope(), [event('http.response.early_hint', { links: value })], [])
    add(httpScope(), [event('http.response.early_hint', { links: [value] })], [])
    add(httpScope(), [start, event('http.response.pathsend', { path: value })], [])
    for (const key of ['body', 'moreBody']) add(httpScope(), [], [{ ...NO_BODY, [key]: value }])
    for (const scope of offers) {
      for (const key of ['subprotocol', 'headers'])
        add(scope, [event('websocket.accept', { [key]: value })], [event('websocket.connect')])
      for (const key of ['code', 'reason'])
        add(scope, [event('websocket.close', { [key]: value })], [event('websocket.connect')])
      add(
        scope,
        [event('websocket.http.response.start', { status: value })],
        [event('websocket.connect')],
      )
      for (const key of ['text', 'bytes'])
        add(
          scope,
          [event('websocket.accept'), event('websocket.send', { [key]: value })],
          [event('websocket.connect')],
        )
      for (const key of ['code', 'reason']) {
        const gone = event('websocket.disconnect', { code: 1000, reason: '', [key]: value })
        add(scope, [], [event('websocket.connect'), gone])
      }
      add(scope, [], [event('websocket.connect'), event('websocket.receive', { text: value })])
    }
    add(
      lifespanScope(),
      [event('lifespan.startup.failed', { message: value })],
      [event('lifespan.startup')],
    )
    expect(await faultsOfAll(runs)).toEqual([])
  })

  it('have no holes in place of the value that an event app returns', async () => {
    const app = lint(events((() => Promise.resolve(value)) as never))
    const never = (): Promise<never> => new Promise(() => undefined)
    expect(await faultsIn(() => app(httpScope(), never as never, never))).toEqual([])
  })
})

describe('the value that is no app', () => {
  it.each(VALUES.filter(([, value]) => typeof value !== 'function'))(
    'is refused by lint, also %s',
    (_name, value) => expect(() => lint(value as never)).toThrow(AppError),
  )
})
