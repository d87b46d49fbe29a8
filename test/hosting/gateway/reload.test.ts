// A reload of apps whose files have changed: no request fails, and a broken file changes nothing.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { python, threads } from 'isthmus'
import { describe, expect, it, onTestFinished } from 'vitest'
import { OPEN_POOLS, reloadPools } from '../../../src/hosting/gateway/open-pools.ts'
import { served } from '../../raw/served.ts'
import { eventually } from '../behaviour-host.ts'
import { hasPython } from '../python-there.ts'
import type { PythonApp, ThreadsApp } from 'isthmus'
import type { Served } from '../../raw/served.ts'

const CLIENTS = 4

/** An app whose file the test writes. */
interface Rewritten {
  app: ThreadsApp | PythonApp
  /** Writes a file whose app answers with `text`. */
  write: (text: string) => void
  /** Writes a file that cannot be loaded. */
  ruin: () => void
}

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'isthmus-reload-'))
  onTestFinished(() => rmSync(made, { recursive: true }))
  return made
}

function threaded(style: 'sync' | 'fetch', max = 1): Rewritten {
  const file = join(folder(), 'app.mjs')
  const inFile = {
    sync: (text: string) => `(environ, start) => {
      start('200 OK', [['Content-Type', 'text/plain']])
      return ['${text}']
    }`,
    fetch: (text: string) => `() => new Response('${text}')`,
  }[style]
  const write = (text: string): void => writeFileSync(file, `export default ${inFile(text)}\n`)
  write('one')
  const app = threads(pathToFileURL(file), { style, min: max, max })
  return { app, write, ruin: () => writeFileSync(file, 'throw new Error("ruined")\n') }
}

function inPython(): Rewritten {
  const cwd = folder()
  const file = join(cwd, 'shop.py')
  const write = (text: string): void => {
    writeFileSync(
      file,
      `def app(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [b'${text}']
`,
    )
  }
  write('one')
  // Python takes a compiled file for that of a new source of the same second and size.
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' }
  const app = python('shop:app', { cwd, env, python: 'python3', processes: 2 })
  return { app, write, ruin: () => writeFileSync(file, 'raise ValueError("ruined")\n') }
}

async function get({ server }: Served): Promise<string> {
  const response = await fetch(server.url, { signal: AbortSignal.timeout(30_000) })
  return `${response.status} ${await response.text()}`
}

/** Asks again and again, by several clients, while `work` runs; returns the answers. */
async function askedDuring(server: Served, work: () => Promise<unknown>): Promise<Set<string>> {
  const answers = new Set<string>()
  const over = new AbortController()
  const client = async (): Promise<void> => {
    while (!over.signal.aborted) answers.add(await get(server).catch(String))
  }
  const clients = Array.from({ length: CLIENTS }, client)
  try {
    await work()
  } finally {
    over.abort()
    await Promise.all(clients)
  }
  return answers
}

async function expectReloads({ app, write, ruin }: Rewritten): Promise<void> {
  await using server = await served(app, { lifespan: 'on', graceMs: 5_000 })
  expect(await get(server)).toBe('200 one')

  write('two')
  const answers = await askedDuring(server, () => app.reload())
  expect([...answers].filter((answer) => !/^200 (one|two)$/.test(answer))).toEqual([])
  expect(await get(server)).toBe('200 two')

  ruin()
  const failed = await askedDuring(server, () => expect(app.reload()).rejects.toThrow('ruined'))
  expect([...failed]).toEqual(['200 two'])
  expect(await get(server)).toBe('200 two')

  write('three')
  expect(await reloadPools()).toEqual({ pools: 1, errors: [] })
  expect(await get(server)).toBe('200 three')
}

describe('reload()', { timeout: 120_000 }, () => {
  it.each(['sync', 'fetch'] as const)('of threads(), style %s', async (style) => {
    expect.hasAssertions()
    await expectReloads(threaded(style, 2))
  })

  it.skipIf(!hasPython)('of python(); needs Python 3.9', async () => {
    expect.hasAssertions()
    await expectReloads(inPython())
  })

  it('has no effect on an app that is not open', async () => {
    const { app } = threaded('sync')
    expect(await app.reload()).toBeUndefined()
    expect(app.stats()).toMatchObject({ completed: 0 })
  })
})

describe('the open pools of the process', { timeout: 120_000 }, () => {
  it('are reloaded one by one; the error of one does not stop the next', async () => {
    const [first, second] = [threaded('sync'), threaded('sync')]
    await using one = await served(first.app, { lifespan: 'on', graceMs: 5_000 })
    await using two = await served(second.app, { lifespan: 'on', graceMs: 5_000 })
    await Promise.all([get(one), get(two)])
    first.ruin()
    second.write('two')
    const { pools, errors } = await reloadPools()
    expect([pools, errors.map((error) => (error as Error).message)]).toEqual([1, ['ruined']])
    expect([await get(one), await get(two)]).toEqual(['200 one', '200 two'])
  })

  it('are none after the end of their apps', async () => {
    const { app } = threaded('sync')
    const server = await served(app, { lifespan: 'on' })
    expect(OPEN_POOLS.size).toBe(1)
    await server[Symbol.asyncDispose]()
    await eventually(() => OPEN_POOLS.size === 0)
    expect(await reloadPools()).toEqual({ pools: 0, errors: [] })
  })
})
