// The end of a thread in order: the `exit` handlers of the app run.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { threads } from 'isthmus'
import { afterAll, describe, expect, it } from 'vitest'
import { SILENT_LOG } from '../../src/silent-log.ts'
import { ask, eventually, hosted } from './behaviour-host.ts'
import type { ThreadOptions, ThreadsApp } from 'isthmus'
import type { Served } from '../raw/served.ts'

const folder = mkdtempSync(join(tmpdir(), 'isthmus-teardown-'))
afterAll(() => rmSync(folder, { recursive: true }))

const APP = new URL('../fixtures/threads/teardown.js', import.meta.url)
let files = 0

/** An app in one thread, and the notes of its threads. */
function noted({ env, ...options }: ThreadOptions = {}): {
  app: ThreadsApp
  notes: () => string[]
} {
  const file = join(folder, String(files++))
  const app = threads(APP, { max: 1, env: { ...env, NOTES: file }, ...options })
  const notes = (): string[] =>
    existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []
  return { app, notes }
}

describe('a thread that ends in order', () => {
  it('runs the exit handlers at the shutdown', async () => {
    const { app, notes } = noted({ min: 2, max: 2 })
    const server = await hosted(app)
    expect(await ask(server)).toBe('sync')
    await eventually(() => app.stats().threads.ready === 2)
    await server[Symbol.asyncDispose]()
    expect(notes()).toEqual(['exit 0', 'exit 0'])
  })

  it('runs the exit handlers after maxRequests, and when it was idle', async () => {
    const replaced = noted({ maxRequests: 1 })
    const idle = noted({ min: 1, max: 2, idleTimeoutMs: 1 })
    await using first = await hosted(replaced.app)
    await using second = await hosted(idle.app)
    expect(await ask(first)).toBe('sync')
    await eventually(() => replaced.notes().length === 1)
    expect(await ask(first)).toBe('sync')

    // The thread is busy, so the pool starts a second one.
    const busy = ask(second, { target: '/busy' }).catch(() => undefined)
    await eventually(async () => (await ask(second)) === 'sync')
    await eventually(() => idle.notes().length === 1)
    await second[Symbol.asyncDispose]()
    await busy
    // The busy thread ended at once, without its handlers.
    expect(idle.notes()).toEqual(['exit 0'])
  })

  it('ends the lifespan of an app that awaits before', async () => {
    const { app, notes } = noted({ export: 'events' })
    await using server = await hosted(app)
    expect(await ask(server)).toBe('events')
    await server[Symbol.asyncDispose]()
    expect(notes()).toEqual(['lifespan', 'exit 0'])
  })

  it('logs the error of an exit handler', async () => {
    const { app, notes } = noted({ env: { FAULT: 'yes' } })
    const lines: unknown[] = []
    const log = {
      ...SILENT_LOG,
      error: ({ err }: { err?: unknown }, message: string) => lines.push([String(err), message]),
    }
    const server: Served = await hosted(app, { log })
    expect(await ask(server)).toBe('sync')
    await server[Symbol.asyncDispose]()
    expect(notes()).toEqual(['exit 0'])
    expect(lines).toEqual([
      ['Error: the database is locked', 'an exit handler of the app has failed'],
    ])
  })
})
