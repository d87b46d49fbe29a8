// The programs of the pages run as they stand: in the folder of a reader, with the packed package.

import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { Page } from './page.ts'
import { readerFolder } from './reader-folder.ts'
import { readerPython } from './reader-python.ts'
import { DEADLINE_MS, checkOwnTypes, checkTypes, folderOf, runPage } from './run-page.ts'
import { runServers } from './run-servers.ts'
import { startServer } from './two-servers.ts'
import { SERVERS, TestServer } from '../channels/redis/server.ts'
import { openEvents } from '../feed/event-source.ts'
import type { ReaderFolder } from './reader-folder.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const GUIDE = readdirSync(`${ROOT}/docs`).filter((name) => name.endsWith('.md'))
const PAGES = ['README.md', ...GUIDE.map((name) => `docs/${name}`)].map((path) => new Page(path))

const readme = new Page('README.md')
const adapters = new Page('docs/adapters.md')
const bridges = new Page('docs/bridges.md')
const channels = new Page('docs/channels.md')
const blockingChannels = new Page('docs/channels-from-blocking-code.md')
const connect = new Page('docs/connect.md')
const errorCodes = new Page('docs/error-codes.md')
const gettingStarted = new Page('docs/getting-started.md')
const insideExpress = new Page('docs/inside-express.md')
const channelsRecipes = new Page('docs/channels-recipes.md')
const legacyLive = new Page('docs/legacy-live.md')
const migrate = new Page('docs/migrate.md')
const middleware = new Page('docs/middleware.md')
const middlewareSet = new Page('docs/middleware-set.md')
const migrating = new Page('docs/migrating.md')
const observability = new Page('docs/observability.md')
const pythonApps = new Page('docs/python.md')
const serving = new Page('docs/serving.md')
const styles = new Page('docs/styles.md')
const testing = new Page('docs/testing.md')
const threads = new Page('docs/threads.md')
const websockets = new Page('docs/websockets.md')
const RUN = [
  adapters,
  bridges,
  blockingChannels,
  channels,
  channelsRecipes,
  connect,
  errorCodes,
  gettingStarted,
  insideExpress,
  legacyLive,
  middleware,
  middlewareSet,
  migrate,
  migrating,
  observability,
  pythonApps,
  serving,
  styles,
  testing,
  threads,
  websockets,
]

let reader: ReaderFolder

beforeAll(async () => {
  reader = await readerFolder()
}, 2 * DEADLINE_MS)
afterAll(() => reader?.[Symbol.asyncDispose]())

describe('the programs of', { timeout: 2 * DEADLINE_MS }, () => {
  it('adapters run and print the output on the page', async () => {
    const { actual, expected } = await runPage(adapters, reader.path)
    expect(actual).toEqual(expected)
  })

  it('channels from blocking code run and print the output on the page', async () => {
    const { actual, expected } = await runPage(blockingChannels, reader.path)
    expect(actual).toEqual(expected)
  })

  it('those about channels run and print the output on the page', async () => {
    const { actual, expected } = await runPage(channels, reader.path)
    expect(actual).toEqual(expected)
  })

  it('Connect middleware run and print the output on the page', async () => {
    const { actual, expected } = await runPage(connect, reader.path)
    expect(actual).toEqual(expected)
  })

  it('live pages run and print the output on the page', async () => {
    const { actual, expected } = await runPage(legacyLive, reader.path)
    expect(actual).toEqual(expected)
  })

  it('recipes for channels run and print the output on the page', async () => {
    const { actual, expected } = await runPage(channelsRecipes, reader.path)
    expect(actual).toEqual(expected)
  })

  it('error codes run and print the output on the page', async () => {
    const { actual, expected } = await runPage(errorCodes, reader.path)
    expect(actual).toEqual(expected)
  })

  it('getting started run and print the output on the page', async () => {
    const { actual, expected } = await runPage(gettingStarted, reader.path)
    expect(actual).toEqual(expected)
  })

  it('getting started pass the compiler with the tsconfig.json on the page', async () => {
    expect(await checkOwnTypes(gettingStarted, reader.path)).toBe('')
  })

  it('isthmus inside Express run and print the output on the page', async () => {
    const { actual, expected } = await runPage(insideExpress, reader.path)
    expect(actual).toEqual(expected)
  })

  it('the styles run and print the output on the page', async () => {
    const { actual, expected } = await runPage(styles, reader.path)
    expect(actual).toEqual(expected)
  })

  it('observability run and print the output on the page', async () => {
    const { actual, expected } = await runPage(observability, reader.path)
    expect(actual).toEqual(expected)
  })

  it('serving run and print the output on the page', async () => {
    const { actual, expected } = await runPage(serving, reader.path)
    expect(actual).toEqual(expected)
  })

  it('WebSockets run and print the output on the page', async () => {
    const { actual, expected } = await runPage(websockets, reader.path)
    expect(actual).toEqual(expected)
  })

  it('the bridges run and print the output on the page', async () => {
    const { actual, expected } = await runPage(bridges, reader.path)
    expect(actual).toEqual(expected)
  })

  it('middleware run and print the output on the page', async () => {
    const { actual, expected } = await runPage(middleware, reader.path)
    expect(actual).toEqual(expected)
  })

  it('migrate() run and print the output on the page', async () => {
    const { actual, expected } = await runPage(migrate, reader.path)
    expect(actual).toEqual(expected)
  })

  it('the middleware set run and print the output on the page', async () => {
    const { actual, expected } = await runPage(middlewareSet, reader.path)
    expect(actual).toEqual(expected)
  })

  it('the guide to a migration run and print the output on the page', async () => {
    const { actual, expected } = await runPage(migrating, reader.path)
    expect(actual).toEqual(expected)
  })

  it('testing run and print the output on the page', async () => {
    const { actual, expected } = await runPage(testing, reader.path)
    expect(actual).toEqual(expected)
  })

  it.skipIf(readerPython.missing)(
    `Python apps run and print the output on the page${readerPython.note}`,
    async () => {
      const { actual, expected } = await runPage(pythonApps, reader.path)
      expect(actual).toEqual(expected)
    },
  )

  it('threads run and print the output on the page', async () => {
    const { actual, expected } = await runPage(threads, reader.path)
    expect(actual).toEqual(expected)
  })

  it('all pages are run, and pass the compiler', async () => {
    const withPrograms = PAGES.filter(({ programs }) => programs.length > 0)
    expect(withPrograms.map(({ path }) => path)).toEqual(RUN.map(({ path }) => path).toSorted())
    expect(await checkTypes(PAGES, reader.path)).toBe('')
  })
})

// Without Python its servers are left out.
describe(`the servers${readerPython.note} of`, { timeout: 3 * DEADLINE_MS }, () => {
  it('README.md answer as the page says, in JavaScript and in TypeScript, and end with 0 on SIGTERM', async () => {
    const { actual, expected } = await runServers([readme], reader.path, async (url, text) => {
      if (text.includes('/board')) expect(await echoOf(url, 'seat 12')).toBe('seat 12')
    })
    expect(actual).toEqual(expected)
    expect(readme.servers.flatMap(({ names }) => names)).toEqual(['server.js', 'server.ts'])
  })

  it('the guide answer as their pages say, and end with 0 on SIGTERM', async () => {
    const guide = PAGES.filter(({ path }) => path !== readme.path)
    const { actual, expected } = await runServers(guide, reader.path)
    expect(actual).toEqual(expected)
    expect(actual).not.toEqual([])
  })
})

describe('the two servers of the page about live pages', { timeout: 3 * DEADLINE_MS }, () => {
  const [{ missing } = { missing: undefined }] = SERVERS

  it.skipIf(missing)('show at one a ticket that the other has sold, also after a cut', async () => {
    const broker = await TestServer.start('redis-server')
    try {
      const folder = await folderOf(legacyLive, join(reader.path, 'two'))
      await using one = await startServer(folder, broker.url)
      await using other = await startServer(folder, broker.url)
      const page = await openEvents(`${other.url}/live`)
      expect((await page.next())?.data).toMatchObject({ group: 'tickets', joined: true })
      await sell(one.url, 12)
      const event = await page.next()
      expect(event?.data).toMatchObject({ message: { title: 'Godot', seat: 12 } })

      // The page comes back to the server that stays.
      await page[Symbol.asyncDispose]()
      await sell(other.url, 13)
      expect(await other.stop()).toBe(0)
      await using again = await openEvents(`${one.url}/live`, { 'last-event-id': event?.id ?? '' })
      expect((await again.next())?.data).toMatchObject({ message: { seat: 13 } })
      expect((await again.next())?.data).toMatchObject({ joined: true, recovered: 1 })
    } finally {
      await broker.stop()
    }
  })
})

it('no page has a program that no test runs', () => {
  const stray = PAGES.flatMap(({ path, strayPrograms }) =>
    strayPrograms.map((line) => `${path}: ${line}`),
  )
  expect(stray).toEqual([])
})

it('each page tells to install the packages that its programs import', () => {
  const missing = PAGES.flatMap(({ path, missingPackages }) =>
    missingPackages.map((name) => `${path}: ${name}`),
  )
  expect(missing).toEqual([])
})

/** Sells a ticket by the form of the page. */
async function sell(url: string, seat: number): Promise<void> {
  const body = new URLSearchParams({ title: 'Godot', seat: String(seat) })
  const signal = AbortSignal.timeout(DEADLINE_MS)
  const response = await fetch(url, { method: 'POST', body, redirect: 'manual', signal })
  expect(response.status).toBe(303)
}

/** The message that the board of the server at `url` sends back. */
async function echoOf(url: string, message: string): Promise<string> {
  const socket = new WebSocket(`${url.replace('http:', 'ws:')}/board`)
  await once(socket, 'open')
  socket.send(message)
  const [echo] = await once(socket, 'message')
  socket.close()
  await once(socket, 'close')
  return String(echo)
}
