// From FILE#export to an event app: exports that are found, names that are refused, and the thread of each app.

import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { loadApp } from '../../src/cli/load-app.ts'
import { AppLoadError } from '../../src/errors.ts'
import { testClient } from '../../src/testing/test-client.ts'
import { failureOf } from '../bridge/host.ts'
import type { AppSpec } from '../../src/cli/load-app.ts'

const FIXTURES = fileURLToPath(new URL('../fixtures/cli/', import.meta.url))

/** A fixture by its name. */
function fixture(file: string, exportName = 'default', style: AppSpec['style'] = null): AppSpec {
  return { style, file: join(FIXTURES, file), exportName }
}

/** The body of the response to a GET of `target`. */
async function body(spec: AppSpec, { threads = 0, target = '/' } = {}): Promise<string> {
  const app = await loadApp(spec, threads)
  await using client = await testClient(app, { deadlineMs: 10_000 })
  return (await client.get(target)).text()
}

/** The message that refuses `spec`, without the folder; `wrong` tells a wrong name from a module that threw. */
async function refusal(spec: AppSpec): Promise<{ message: string; wrong: boolean }> {
  const error = await failureOf(loadApp(spec, 0))
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
    expect(await body({ style: null, file, exportName: 'default' })).toBe('hello |/|')
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
  })

  it('is refused with a list of the exports', async () => {
    const { message, wrong } = await refusal(fixture('hello.js', 'nope'))
    expect(message).toMatch(
      /^hello\.js has no export "nope"; it exports (\w+, ){4}\w+: choose with FILE#export$/,
    )
    for (const name of ['default', 'feed', 'table']) expect(message).toContain(name)
    expect(wrong).toBe(true)
    expect((await refusal(fixture('empty.js'))).message).toBe(
      'empty.js has no export "default"; it exports nothing',
    )
    // The inherited members of every object are no exports.
    expect((await refusal(fixture('hello.js', 'toString'))).wrong).toBe(true)
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

  it('is refused in threads with the same message', async () => {
    for (const exportName of ['number', 'guess']) {
      const error = await failureOf(loadApp(fixture('hello.js', exportName), 2))
      const { message } = await refusal(fixture('hello.js', exportName))
      expect((error as Error).message.replaceAll(FIXTURES, '')).toBe(message)
    }
  })
})
