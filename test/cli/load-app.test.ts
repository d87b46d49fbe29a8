// From FILE#export to an event app: exports that are found, names that are refused, and the thread of each app.

import { join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { factsOf } from '../../src/bridge/app-facts.ts'
import { loadApp } from '../../src/cli/load-app.ts'
import { loadFailure, unwrapped } from '../../src/cli/load-failure.ts'
import { AppLoadError } from '../../src/errors.ts'
import { testClient } from '../../src/testing/test-client.ts'
import { failureOf } from '../bridge/host.ts'
import { freePort } from '../raw/free-port.ts'
import type { FileSpec } from '../../src/cli/app-spec.ts'

const FIXTURES = fileURLToPath(new URL('../fixtures/cli/', import.meta.url))

/** A fixture by its name. */
function fixture(file: string, exportName = 'default', style: FileSpec['style'] = null): FileSpec {
  return { place: null, style, file: join(FIXTURES, file), exportName }
}

/** The body of the response to a GET of `target`. */
async function body(spec: FileSpec, { threads = 0, target = '/' } = {}): Promise<string> {
  const app = await loadApp(spec, threads)
  await using client = await testClient(app, { deadlineMs: 10_000 })
  return (await client.get(target)).text()
}

/** The same app at a place that the command line names. */
function placed(place: FileSpec['place'], spec: FileSpec): FileSpec {
  return { ...spec, place }
}

/** The message that refuses `spec`, without the folder; `wrong` tells a wrong name from a module that threw. */
async function refusal(spec: FileSpec): Promise<{ message: string; wrong: boolean }> {
  const error = await failureOf(loadApp(spec, 0))
  return refusalOf(error)
}

/** The same for the place `threads`: the lifespan of the app fails. */
async function refusalInThreads(spec: FileSpec): Promise<{ message: string; wrong: boolean }> {
  const app = await loadApp(placed('threads', spec), 1)
  return refusalOf(unwrapped(await failureOf(testClient(app, { deadlineMs: 10_000 }))))
}

function refusalOf(error: unknown): { message: string; wrong: boolean } {
  if (!(error instanceof AppLoadError)) throw new Error(`not refused: ${String(error)}`)
  return { message: error.message.replaceAll(FIXTURES, ''), wrong: !('cause' in error) }
}

describe('a loaded app', () => {
  it('is an export of any style', async () => {
    expect(await body(fixture('hello.js'))).toBe('hello |/|')
    expect(await body(fixture('where.js', 'feed'))).toBe('0')
    expect(await body(fixture('where.js', 'live'))).toBe('0')
  })

  it('may be a mount table', async () => {
    const table = fixture('hello.js', 'table')
    expect(await body(table, { target: '/live' })).toBe('feed')
    expect(await body(table, { target: '/else' })).toBe('hello |/else|')
  })

  it.each([
    ['expressApp', 'node', 'express'],
    ['connectApp', 'node', 'connect'],
    ['koaHandler', 'node', 'koa'],
    ['honoApp', 'fetch', 'hono'],
    ['worker', 'fetch', 'worker'],
  ] as const)(
    'may be the app of another framework, by its adapter: %s',
    async (name, style, text) => {
      expect(await body(fixture('frameworks.js', name, style), { threads: 1 })).toBe(text)
      // Koa's handler is a plain function with two parameters, as a sync app is.
      if (name === 'koaHandler') return
      expect((await refusal(fixture('frameworks.js', name))).message).toMatch('isthmus/adapters')
    },
  )

  it('may be CommonJS, also if a compiler has made it from an ES module', async () => {
    expect(await body(fixture('classic.cjs'))).toBe('classic')
    expect(await body(fixture('compiled.cjs'))).toBe('compiled')
    expect(await body(fixture('compiled.cjs', 'named'))).toBe('compiled')
  })

  it('may be TypeScript', async () => {
    expect(await body(fixture('typed.ts'))).toBe('on the loop')
  })

  it('has the style of the spec, regardless of its parameters', async () => {
    expect(await body(fixture('where.js', 'unbranded', 'sync'))).toBe('0')
    expect(await body(fixture('hello.js', 'feed', 'iterable'))).toBe('feed')
  })

  it('is found from the working directory', async () => {
    const file = relative(process.cwd(), join(FIXTURES, 'hello.js'))
    expect(await body({ place: null, style: null, file, exportName: 'default' })).toBe('hello |/|')
  })
})

describe('threads', () => {
  it('host a sync app, and one inside a table; the others stay on the loop', async () => {
    const table = fixture('where.js', 'table')
    expect(await body(table, { threads: 1 })).not.toBe('0')
    expect(await body(table, { threads: 1, target: '/feed' })).toBe('0')
    expect(await body(table, { threads: 1, target: '/live' })).toBe('0')
    expect(await body(fixture('where.js', 'classic'), { threads: 1 })).not.toBe('0')
  })

  it('host an app that the spec calls sync, regardless of its parameters', async () => {
    const spec = fixture('where.js', 'unbranded', 'sync')
    expect(await body(spec, { threads: 1 })).not.toBe('0')
  })
})

describe('the place "inline"', () => {
  it('keeps a sync app on the loop, and one inside a table', async () => {
    const inline = placed('inline', fixture('where.js', 'unbranded', 'sync'))
    expect(await body(inline, { threads: 1 })).toBe('0')
    const table = placed('inline', fixture('where.js', 'table'))
    expect(await body(table, { threads: 1 })).toBe('0')
    expect(await body(table, { threads: 1, target: '/feed' })).toBe('0')
  })
})

// Each case starts a thread.
describe('the place "threads"', { timeout: 60_000 }, () => {
  it('puts an app of any style into threads, and a table', async () => {
    for (const [name, target] of [
      ['classic', '/'],
      ['feed', '/'],
      ['live', '/'],
      ['table', '/'],
      ['table', '/feed'],
      ['table', '/live'],
    ] as const) {
      const spec = placed('threads', fixture('where.js', name))
      expect([name, await body(spec, { threads: 1, target })]).not.toEqual([name, '0'])
      expect([name, await body(spec, { threads: 0, target })]).toEqual([name, '0'])
    }
  })

  it('puts the app of another framework into threads', async () => {
    for (const [name, style] of [
      ['expressApp', 'node'],
      ['honoApp', 'fetch'],
    ] as const) {
      const spec = placed('threads', fixture('frameworks.js', name, style))
      expect(await body(spec, { threads: 1 })).toBe(name.replace('App', ''))
    }
  })

  it('does not import the module on the event loop', async () => {
    const spec = placed('threads', fixture('threads-only.js'))
    expect(await body(spec, { threads: 1 })).toBe('in a thread')
    expect((await refusal(spec)).message).toContain('no event loop, please')
  })

  it('and the style "sync" have a module of which the event loop imports nothing', async () => {
    const spec = fixture('threads-only.js', 'classic', 'sync')
    expect(await body(spec, { threads: 1 })).toBe('in a thread')
    expect((await refusal(placed('inline', spec))).message).toContain('no event loop, please')
  })

  it('reports a failure with the message that the event loop has for it', async () => {
    for (const spec of [
      fixture('throws.js'),
      fixture('hello.js', 'nope'),
      fixture('hello.js', 'number'),
      fixture('hello.js', 'guess'),
      fixture('empty.js'),
      fixture('frameworks.js', 'expressApp'),
      fixture('frameworks.js', 'koaApp', 'node'),
    ]) {
      // vitest imports for the event loop, and lists exports in another order than Node.
      const [inThreads, onLoop] = [await refusalInThreads(spec), await refusal(spec)]
      const words = ({ message }: { message: string }): string[] =>
        message.split(/,? |:/).toSorted()
      expect([words(inThreads), inThreads.wrong]).toEqual([words(onLoop), onLoop.wrong])
    }
    const missing = placed('threads', fixture('missing.js'))
    expect((await refusal(missing)).message).toContain('there is no such file')
  })

  it('refuses a module that listens on a port while it loads', async () => {
    onTestFinished(() => void vi.unstubAllEnvs())
    vi.stubEnv('TEST_PORT', String(await freePort()))
    const { message, wrong } = await refusalInThreads(fixture('listens.cjs', 'default', 'node'))
    expect(message).toMatch(/^listens\.cjs listens on port \d+ itself \(listens\.cjs:9\), and /)
    expect(message).toContain('export the app, and call listen() only in the program')
    expect(wrong).toBe(true)
  })
})

describe('threads load for themselves', () => {
  it('TypeScript, also in a folder of CommonJS, and by its other names', async () => {
    for (const spec of [fixture('commonjs/app.ts'), fixture('commonjs/app.ts', 'named')]) {
      expect(await body(spec)).toBe('thread 0')
      expect(await body(spec, { threads: 1 })).toMatch(/^thread [1-9]/)
    }
    expect(await body(fixture('page.tsx'), { threads: 1 })).toMatch(/^thread [1-9]/)
  })

  it('CommonJS, also if a compiler has made it from an ES module', async () => {
    expect(await body(fixture('classic.cjs'), { threads: 1 })).toBe('classic')
    expect(await body(fixture('compiled.cjs'), { threads: 1 })).toBe('compiled')
    expect(await body(fixture('compiled.cjs', 'named'), { threads: 1 })).toBe('compiled')
  })
})

describe('a wrong name', () => {
  it('is refused if there is no such file, or it is a folder', async () => {
    expect(await refusal(fixture('missing.js'))).toEqual({
      message: 'cannot load missing.js: there is no such file; an app is FILE or FILE#export',
      wrong: true,
    })
    const folder = await refusal(fixture('.'))
    expect(folder.message).toContain('it is not a file')
    const module = await refusal(fixture('shop:app'))
    expect(module.message).toMatch(/; an app is FILE or FILE#export, or python:shop:app$/)
  })

  it('is refused with a list of the exports', async () => {
    const { message, wrong } = await refusal(fixture('hello.js', 'nope'))
    expect(message).toMatch(
      /^hello\.js has no export "nope"; it exports (\w+, ){4}\w+: choose with FILE#export$/,
    )
    for (const name of ['default', 'feed', 'table']) expect(message).toContain(name)
    expect(wrong).toBe(true)
    for (const empty of ['empty.js', 'unexported.cjs'])
      expect((await refusal(fixture(empty))).message).toBe(
        `${empty} has no export "default"; it exports nothing; export the app: export default app, or module.exports = app in CommonJS`,
      )
    // The inherited members of every object are no exports.
    expect((await refusal(fixture('hello.js', 'toString'))).wrong).toBe(true)
  })

  it('is refused with the remedy if it is an ES module in a package of CommonJS', () => {
    const spec = fixture('hello.js')
    for (const error of [
      new SyntaxError('Cannot use import statement outside a module'),
      new SyntaxError("Unexpected token 'export'"),
      new Error('Top-level await is currently not supported with the "cjs" output format'),
    ]) {
      const { message } = loadFailure(error, spec, pathToFileURL(spec.file).href)
      expect(message).toContain(
        'or its package.json has "type": "module" (npm pkg set type=module)',
      )
    }
  })

  it('is refused if the export is no app, with a list of possible apps', async () => {
    const none = await refusal(fixture('hello.js', 'number'))
    expect(none.message).toMatch(
      /^hello\.js#number is not an app: an app is a function, got number/,
    )
    expect(none.wrong).toBe(true)
    const guess = await refusal(fixture('hello.js', 'guess'))
    expect(guess.message).toContain('say which style it is: sync(')
    const styled = await refusal(fixture('hello.js', 'table', 'sync'))
    expect(styled.message).toBe(
      'hello.js#table is not an app: "sync:" needs a function, got object',
    )
    expect((await refusal(fixture('where.js', 'brokenTable'))).message).toContain('got string')
    expect((await refusal(fixture('where.js', 'list'))).wrong).toBe(true)
  })

  it('is refused if it is the app of another framework, with the form of the command line', async () => {
    const express =
      'this is an Express app: pass fromNode(app), with the adapter of isthmus/adapters'
    const named = `frameworks.js#expressApp is not an app: ${express}; on the command line: threads:node:frameworks.js#expressApp`
    for (const style of [null, 'sync', 'events', 'fetch'] as const) {
      expect((await refusal(fixture('frameworks.js', 'expressApp', style))).message).toBe(named)
    }
    for (const style of [null, 'iterable', 'node'] as const) {
      const { message } = await refusal(fixture('frameworks.js', 'honoApp', style))
      expect(message).toMatch(
        /an app of the Fetch API.*; on the command line: fetch:frameworks\.js#honoApp$/,
      )
    }
    for (const style of [null, 'node', 'fetch'] as const) {
      const { message } = await refusal(fixture('frameworks.js', 'koaApp', style))
      expect(message).toMatch(
        /a Koa app.*; on the command line: export app\.callback\(\), and write threads:node:frameworks\.js#koaApp$/,
      )
    }
    const inline = await refusal(placed('inline', fixture('frameworks.js', 'expressApp')))
    expect(inline.message).toMatch(/; on the command line: node:frameworks\.js#expressApp$/)
    const hosted = await refusalInThreads(fixture('frameworks.js', 'honoApp'))
    expect(hosted.message).toMatch(/on the command line: threads:fetch:frameworks\.js#honoApp$/)
    // No prefix helps inside a table.
    expect((await refusal(fixture('frameworks.js', 'table'))).message).toBe(
      `frameworks.js#table is not an app: mount: "/shop": ${express}`,
    )
  })

  it('is refused if the style is not that of the brand', async () => {
    const { message } = await refusal(fixture('where.js', 'branded', 'node'))
    expect(message).toBe(
      'where.js#branded is not an app: "node:" does not fit: this app is marked as "events:"',
    )
    expect(await body(fixture('where.js', 'branded', 'events'))).toBe('0')
  })

  it('is refused in threads with the same message', async () => {
    for (const exportName of ['number', 'guess']) {
      const error = await failureOf(loadApp(fixture('hello.js', exportName), 2))
      const { message } = await refusal(fixture('hello.js', exportName))
      expect((error as Error).message.replaceAll(FIXTURES, '')).toBe(message)
    }
  })
})

describe('an app in threads', () => {
  it.each([null, 'threads'] as const)(
    'is known to the report, with the place %s',
    async (place) => {
      const app = await loadApp(placed(place, fixture('hello.js')), 1)
      const { kind, app: inner } = factsOf(app)
      expect([kind, Object.keys(inner)]).toEqual(['threads', ['stats', 'reload']])
    },
  )
})
