// The extensions of ASGI, and the lifespan, in an app of Python.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { testClient } from 'isthmus/testing'
import { python } from 'isthmus'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../hosting/behaviour-host.ts'
import { NO_PYTHON, SKIPPED } from './program.ts'
import { serving } from './serving.ts'
import { FIXTURE } from './shared-pool.ts'
import type { PythonServer } from './serving.ts'

const END = 'server: isthmus|connection: close||'

describe.skipIf(NO_PYTHON !== undefined)(`the extensions of ASGI in Python${SKIPPED}`, () => {
  let server: PythonServer

  beforeAll(async () => {
    server = await serving('asgi_semantics:app')
  }, 60_000)
  afterAll(() => server[Symbol.asyncDispose]())

  const file = (): string => readFileSync(join(FIXTURE.cwd ?? '', 'asgi_semantics.py'), 'latin1')

  it('[3b.32] [3b.37] are those that work, and no others', async () => {
    expect(await server.json('/extensions')).toEqual([
      'http.response.early_hint',
      'http.response.pathsend',
      'http.response.trailers',
    ])
    const errors = (await server.json('/other_extensions')) as string[]
    expect(errors).toEqual(Array(3).fill(expect.stringContaining('is not an event')))
  })

  it('[3b.33] early hints: before the head, as often as the app hints', async () => {
    expect(await server.wire('/hint')).toBe(
      'HTTP/1.1 103 Early Hints|link: </a.css>; rel=preload|link: <>;x||' +
        'HTTP/1.1 103 Early Hints|link: </a.css>; rel=preload||' +
        `HTTP/1.1 200 OK|transfer-encoding: chunked|${END}1|x|1|y|0||`,
    )
  })

  it('[3b.33] early hints: no link with a line end', async () => {
    expect(await server.wire('/bad_hint')).not.toContain('<a>')
  })

  it('[3b.34] trailers: after the last chunk, if the client accepts them', async () => {
    using client = await server.connect()
    client.send('GET /trailers HTTP/1.1\r\nHost: x\r\nTE: trailers\r\nConnection: te\r\n\r\n')
    expect(await client.response()).toMatchObject({
      body: 'part,end',
      trailers: [
        ['x-sum', '7'],
        ['x-more', '8'],
      ],
    })
    expect((await server.ask('/trailers')).trailers).toEqual([])
  })

  it('[3b.34] trailers: not without a word about them in the start', async () => {
    expect(await server.json('/no_trailers')).toEqual([
      expect.stringContaining('http.response.trailers is illegal here'),
    ])
  })

  it('[3b.31] a file by its path', async () => {
    expect((await server.ask('/file')).body === file()).toBe(true)
    expect((await server.ask('/file', { method: 'HEAD' })).body).toBe('')
  })

  it('[3b.31] a file that is not there is 404', async () => {
    expect((await server.ask('/missing_file')).status).toBe(404)
  })

  it('[3b.31] a file only after the start, with an absolute path, and without a body', async () => {
    expect(await server.json('/bad_file')).toEqual([
      expect.stringContaining('waiting for http.response.start'),
      expect.stringContaining('must be an absolute path'),
      expect.stringContaining('in the middle of its body'),
    ])
  })
})

describe.skipIf(NO_PYTHON !== undefined)(`the lifespan of an app of Python${SKIPPED}`, () => {
  it('[3b.58] [3b.63] runs in each process, and ends with the server', async () => {
    const server = await serving('asgi_semantics:app', { processes: 2 })
    await eventually(() => server.app.stats().processes.ready === 2)
    await server[Symbol.asyncDispose]()
    expect(server.lines.filter((line) => line.includes('has shut down'))).toHaveLength(2)
  })

  it('[3b.60] that fails makes the server fail, with the message of the app', async () => {
    await expect(serving('lifespans:refuses')).rejects.toThrow('there is no database')
  })

  it('[3b.61] [3b.62] is no need: an app without one serves', async () => {
    for (const name of ['raises', 'returns']) {
      await using server = await serving(`lifespans:${name}`)
      expect((await server.ask('/')).body).toBe('no lifespan')
      expect(server.lines).toEqual([])
    }
  })

  it('[3b.61] that fails before its startup is complete has a line in the log', async () => {
    await using server = await serving('lifespans:breaks')
    expect((await server.ask('/')).body).toBe('no lifespan')
    expect(server.lines).toEqual([
      expect.stringMatching(/^warn: .*no lifespan: broken at startup$/),
    ])
  })

  it('[3b.61] that fails later has a line in the log, and the app serves', async () => {
    await using server = await serving('lifespans:breaks_later')
    await eventually(() => server.lines.length > 0)
    expect(server.lines).toEqual(['error: the app failed in its lifespan: broken later'])
    expect((await server.ask('/')).body).toBe('no lifespan')
  })

  it('[3b.60] that fails to shut down has a line in the log', async () => {
    const server = await serving('lifespans:stays')
    await server[Symbol.asyncDispose]()
    expect(server.lines).toEqual(['error: the app failed to shut down: it stays'])
  })

  it('[3b.66] sends no event twice', async () => {
    const server = await serving('lifespans:repeats')
    await server[Symbol.asyncDispose]()
    expect(server.lines).toEqual([
      "info: IllegalEventError 'lifespan.shutdown.complete' is illegal while the lifespan is starting",
      "info: IllegalEventError 'lifespan.startup.complete' is illegal while the lifespan is started",
      "info: IllegalEventError 'lifespan.shutdown.complete' is illegal while the lifespan is ended",
    ])
  })

  it('runs in the test client, whose requests and WebSockets the app serves', async () => {
    const app = python('lifespans:whole', FIXTURE)
    await using client = await testClient(app, { deadlineMs: 14_000 })
    expect((await client.get('/')).text()).toBe('started')
    await using socket = await client.websocket('/')
    await socket.send('seat')
    expect(await socket.receive()).toBe('seat')
  })

  it('shows the test client the error of the app', async () => {
    const app = python('lifespans:fails', FIXTURE)
    await using client = await testClient(app, { deadlineMs: 14_000 })
    await expect(client.get('/')).rejects.toThrow('the error of the app')
  })
})
