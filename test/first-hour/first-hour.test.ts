// The first hour of a new user, from an empty folder to production. The steps run beside each other.

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { text as textOf } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { listening } from '../cli/listening-socket.ts'
import { Page } from '../docs/page.ts'
import { installedFolder } from '../docs/reader-folder.ts'
import { startLoad } from '../proxies/keep-alive-load.ts'
import { startProxy } from '../proxies/proxy.ts'
import { missing } from '../proxies/tools.ts'
import { BOARD, CLIENT_FACTS, COMMONJS, COUNT, SHOP, STARTED, SUPERVISOR } from './files.ts'
import { Project, ask, echo } from './project.ts'
import type { IncomingMessage } from 'node:http'
import type { Load } from '../proxies/keep-alive-load.ts'
import type { ReaderFolder } from '../docs/reader-folder.ts'
import type { Started } from '../cli/started.ts'

const STEP_MS = 120_000
const TLS = fileURLToPath(new URL('../fixtures/tls/', import.meta.url))

let home: ReaderFolder

beforeAll(async () => {
  home = await installedFolder()
}, 2 * STEP_MS)
afterAll(() => home?.[Symbol.asyncDispose]())

describe.concurrent('a new user', { timeout: STEP_MS }, () => {
  it.each([
    ['node', 'server.js'],
    ['node --import tsx', 'server.ts'],
  ])('starts the first program of README.md by `%s %s`, and stops it', async (command, name) => {
    const readme = new Page('README.md')
    const program = readme.servers.find(({ names }) => names.includes(name))?.text ?? ''
    const files = Object.fromEntries(readme.files.map((file) => [file.name, file.text]))
    const project = new Project(home.path, name)
    await project.write({ type: 'module' }, { ...files, [name]: program.replace('8000', '0') })

    expect(readme.text).toContain(`\`${command} ${name}\``)
    using server = project.run('node', [...command.split(' ').slice(1), name])
    const url = await server.url()
    expect(await ask(`${url}/world`)).toBe('Hello, /world\n')
    expect(await ask(`${url}/feed`)).toBe('one part at a time\n')
    expect(await echo(`${url}/board`, 'seat 12')).toBe('seat 12')
    server.child.kill('SIGTERM')
    expect(await server.status()).toBe(0)
  })

  it('writes TypeScript in the package of `npm init -y`, and threads know their request', async () => {
    const project = new Project(home.path, 'commonjs')
    await project.write({}, COMMONJS)
    using served = project.start('isthmus', ['serve', 'app.ts'])
    using program = project.run('node', ['--import', 'tsx', 'server.ts'])
    for (const server of [served, program]) {
      const url = await server.url()
      expect(await ask(url, { 'x-request-id': 'r7' })).toBe('r7 of the theatre')
      expect(await ask(`${url}/search?hamlet`)).toBe('found hamlet')
    }
  })

  it('tests the app of docs/getting-started.md with vitest, in memory and in a thread', async () => {
    const { files, text } = new Page('docs/getting-started.md')
    const project = new Project(home.path, 'tested')
    const own = Object.fromEntries(files.map((file) => [file.name, file.text]))
    await project.write({ type: 'module' }, own)
    expect(text).toContain('npx vitest run')
    using run = project.start('vitest', ['run', '--no-color', '--testTimeout', '60000'])
    const status = await run.status()
    expect([status, run.output]).toEqual([0, expect.stringMatching(/Tests +2 passed/)])
  })

  it('starts the server by `npm start`, and stops npm while a request runs', async () => {
    const project = new Project(home.path, 'started')
    await project.write({ type: 'module', scripts: { start: 'isthmus serve app.ts' } }, STARTED)
    using npm = project.run('npm', ['start'])
    const url = await npm.url()
    const answer = ask(url)
    await npm.says(/a request runs/)
    npm.child.kill('SIGTERM')
    expect(await answer).toBe('answered')
    await npm.ended
    await expect(ask(url)).rejects.toThrow('fetch failed')
  })

  it('serves an old Express app after three mistakes, and a WebSocket beside the app', async () => {
    const project = new Project(home.path, 'express')
    const { unexported, exported } = SHOP
    const files = {
      'index.js': unexported,
      'shop.js': exported,
      'board.js': BOARD,
      'board.mjs': BOARD,
    }
    await project.write({ type: 'commonjs' }, files)
    using silent = project.start('isthmus', ['serve', 'index.js'])
    using wrongKind = project.start('isthmus', ['serve', 'board.js'])
    using mistake = project.start('isthmus', ['serve', 'shop.js'])
    expect(await silent.status()).toBe(2)
    expect(silent.output).toMatch(/exports nothing; export the app: .*module\.exports = app/)
    expect(await wrongKind.status()).toBe(1)
    expect(wrongKind.output).toMatch(/the file is CommonJS, unless its name ends in \.mjs/)
    expect(await mistake.status()).toBe(2)
    expect(mistake.output).toMatch(
      /^isthmus: shop\.js\S* is not an app: .*Express app.*fromNode\(app\)/,
    )
    const spec = /on the command line: (\S+)/.exec(mistake.output)?.[1]
    expect(spec).toBe('threads:node:shop.js')

    using server = project.start('isthmus', ['serve', spec!, '--mount', '/board=board.mjs'])
    const url = await server.url()
    expect(await ask(url)).toBe('the shop')
    expect(await echo(`${url}/board`, 'seat 12')).toBe('seat 12')
  })

  it('puts nginx in front with --proxy-headers, and sees the client and https', async ({
    skip,
  }) => {
    const reason = missing('nginx')
    if (reason !== null) skip(reason)
    const project = new Project(home.path, 'proxied')
    await project.write({ type: 'module' }, { 'app.js': CLIENT_FACTS })
    const flags = ['--proxy-headers', '--forwarded-allow-ips', '127.0.0.1']
    using server = project.start('isthmus', ['serve', 'app.js', ...flags])
    const port = Number(new URL(await server.url()).port)
    const tls = { cert: `${TLS}server.pem`, key: `${TLS}server.key` }
    const nginx = await startProxy('nginx', [port], { tls })
    try {
      // Another address of the loopback interface is the client.
      expect(await askAs('127.0.0.2', nginx.url)).toBe('127.0.0.2 https')
      expect(await ask(`http://127.0.0.1:${port}`)).toBe('127.0.0.1 http')
    } finally {
      await nginx.stop()
    }
  })

  it('restarts under load on the socket of a supervisor, also behind nginx, and no request fails', async () => {
    const project = new Project(home.path, 'restarted')
    await project.write({ type: 'module' }, { 'app.js': COUNT, 'supervisor.sh': SUPERVISOR })
    const { server, fd, port } = await listening()
    using supervisor = project.run('sh', ['supervisor.sh'], { fd })
    await generation(supervisor, 1)
    server.close()
    const nginx = missing('nginx') === null ? await startProxy('nginx', [port]) : null
    const urls = [`http://127.0.0.1:${port}`, ...(nginx ? [nginx.url] : [])]
    const loads = urls.map((url) => startLoad(url, url, { clients: 4, pauseMs: 10 }))
    try {
      for (const next of [2, 3]) {
        const pid = await generation(supervisor, next - 1)
        await served(loads)
        process.kill(pid, 'SIGTERM')
        await generation(supervisor, next)
      }
      await served(loads)
    } finally {
      await Promise.all(loads.map((load) => load.stop()))
      await nginx?.stop()
    }
    expect(loads.flatMap(({ tally }) => tally.faults())).toEqual([])
    expect(supervisor.output.match(/status \d+/g)).toEqual(['status 0', 'status 0'])
  })
})

/** Waits until each load has a further answer. */
async function served(loads: readonly Load[]): Promise<void> {
  const before = loads.map(({ tally }) => String(tally))
  const isServed = (): boolean => loads.every(({ tally }, at) => String(tally) !== before[at])
  await vi.waitUntil(isServed, { timeout: STEP_MS })
}

/** Waits until the supervisor has a server that listens, its start `number`, and returns the id of the process. */
async function generation(supervisor: Started, number: number): Promise<number> {
  await supervisor.says(new RegExp(`(?:isthmus listening[^]*?){${number}}`))
  return Number(await supervisor.says(new RegExp(`(?:process (\\d+)\n[^]*?){${number}}`)))
}

/** The answer of nginx to a client with the address `localAddress`, which forges the fields. */
async function askAs(localAddress: string, url: string): Promise<string> {
  const ca = readFileSync(`${TLS}ca.pem`)
  const headers = { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'http' }
  const sent = request(url, { ca, headers, localAddress, agent: false }).end()
  const signal = AbortSignal.timeout(STEP_MS)
  const [response] = (await once(sent, 'response', { signal })) as [IncomingMessage]
  return await textOf(response)
}
