// One line for each response: complete, left by the client, or broken off by the app.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deferred } from '../../src/waiting/deferred.ts'
import { events } from '../../src/bridge/style.ts'
import { ServerShutdownError, UnavailableError, UnsupportedScopeError } from '../../src/errors.ts'
import { accessLog } from '../../src/middleware/access-log.ts'
import { failureOf, Host, httpScope, recordingLog } from '../bridge/host.ts'
import { startCycle } from '../server/fake-http-transport.ts'
import { logged } from './access-lines.ts'
import type { EventApp, HttpResponseStartEvent, Receive, Send } from '../../src/contract/events.ts'
import type { TestClient } from '../../src/testing/client.ts'

const OK: HttpResponseStartEvent = { type: 'http.response.start', status: 200 }

/** An HTTP app of its receive and send alone. */
function app(serve: (receive: Receive, send: Send) => Promise<void>): EventApp {
  return events((_scope, receive, send) => serve(receive, send))
}

/** Sends `chunks` after `start`, until a send() is refused. */
function sends(start: HttpResponseStartEvent, ...chunks: Array<string | Uint8Array>): EventApp {
  return app(async (_receive, send) => {
    await send(start)
    for (const body of chunks) await send({ type: 'http.response.body', body, moreBody: true })
    await send({ type: 'http.response.body' })
  })
}

function throws(error: unknown): EventApp {
  return app(() => Promise.reject(error))
}

/** Receives all events. */
async function hearOut(receive: Receive): Promise<void> {
  const types: string[] = []
  for await (const { type } of receive) types.push(type)
}

type Ask = (client: TestClient) => Promise<unknown>

const get: Ask = (client) => client.get('/')

/** The one line, as `status bytes outcome`, and the status that the client got; `cut` if it got none. */
async function lineAndAnswer(served: EventApp, ask: Ask = get, options = {}) {
  await using log = await logged(served, options)
  const answer = await ask(log.client).then(
    (response) => (response as { status: number }).status,
    () => 'cut',
  )
  expect(log.fields).toHaveLength(1)
  const { status, bytes, outcome } = log.fields[0] ?? {}
  return { line: [status, bytes, outcome].map(String).join(' '), answer }
}

describe('a complete response', () => {
  it('is logged with its status, and the bytes of its body in UTF-8', async () => {
    const served = sends({ ...OK, status: 201 }, 'grün', new Uint8Array(3))
    expect(await lineAndAnswer(served)).toEqual({ line: '201 8 complete', answer: 201 })
  })

  it('is logged after its last byte, although the app still runs', async () => {
    const gate = deferred()
    const served = app(async (_receive, send) => {
      await send(OK)
      await send({ type: 'http.response.body', body: 'x' })
      await gate.promise
    })
    await using log = await logged(served)
    await using response = await log.client.stream('GET', '/')
    for await (const chunk of response) expect(chunk).toHaveLength(1)
    expect(log.lines).toEqual(['info: GET / 200'])
    gate.resolve()
  })

  it('to HEAD, and with 204 or 304, ends with the first body event and has no bytes', async () => {
    const endless = (status: number): EventApp =>
      app(async (_receive, send) => {
        await send({ ...OK, status })
        for (;;) await send({ type: 'http.response.body', body: 'x', moreBody: true })
      })
    const head: Ask = (client) => client.head('/')
    expect((await lineAndAnswer(endless(200), head)).line).toBe('200 0 complete')
    expect((await lineAndAnswer(endless(204))).line).toBe('204 0 complete')
    expect((await lineAndAnswer(endless(304))).line).toBe('304 0 complete')
  })

  it('is logged after its trailers, whose bytes are not counted', async () => {
    const served = app(async (_receive, send) => {
      await send({ ...OK, trailers: true })
      await send({ type: 'http.response.early_hint', links: ['</x>; rel=preload'] })
      await send({ type: 'http.response.body', body: 'body' })
      await send({ type: 'http.response.trailers', headers: [['a', 'b']], moreTrailers: true })
      await send({ type: 'http.response.trailers', headers: [['c', 'd']] })
    })
    expect((await lineAndAnswer(served)).line).toBe('200 4 complete')

    const forgetful = app(async (_receive, send) => {
      await send({ ...OK, trailers: true })
      await send({ type: 'http.response.body', body: 'body' })
    })
    expect((await lineAndAnswer(forgetful)).line).toBe('200 4 aborted')
  })

  it('is logged for an app that does not wait for its sends', async () => {
    const served = app(async (_receive, send) => {
      void send(OK)
      void send({ type: 'http.response.body', body: 'whole' })
    })
    expect(await lineAndAnswer(served)).toEqual({ line: '200 5 complete', answer: 200 })
  })

  it('does not count events that the server refused', async () => {
    const served = app(async (_receive, send) => {
      await send({ ...OK, headers: [['content-length', '2']] })
      await failureOf(send({ ...OK, status: 500, trailers: true }))
      await failureOf(send({ type: 'http.response.body', body: 'too long' }))
      await failureOf(send(undefined as never))
      await send({ type: 'http.response.body', body: 'ok' })
    })
    expect(await lineAndAnswer(served)).toEqual({ line: '200 2 complete', answer: 200 })
  })
})

describe('a file', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isthmus-access-'))
    await writeFile(join(folder, 'seats.txt'), 'A1 A2')
  })
  afterAll(() => rm(folder, { recursive: true }))

  /** Sends the file of this name. */
  const file = (name: string, start: Partial<HttpResponseStartEvent> = {}): EventApp =>
    app(async (_receive, send) => {
      await send({ ...OK, ...start })
      await send({ type: 'http.response.pathsend', path: join(folder, name) })
      if (start.trailers) await send({ type: 'http.response.trailers' })
    })

  it('has the bytes of the file, announced or not', async () => {
    const headers: Array<[string, string]> = [['content-length', '5']]
    expect((await lineAndAnswer(file('seats.txt', { headers }))).line).toBe('200 5 complete')
    expect((await lineAndAnswer(file('seats.txt'))).line).toBe('200 5 complete')
    const head: Ask = (client) => client.head('/')
    expect((await lineAndAnswer(file('seats.txt'), head)).line).toBe('200 0 complete')
    expect((await lineAndAnswer(file('seats.txt', { trailers: true }))).line).toBe('200 5 complete')
  })

  it('that does not exist is logged with the answer of the server', async () => {
    const missing = await lineAndAnswer(file('gone.txt'))
    expect(missing).toEqual({ line: '404 10 complete', answer: 404 })
    const folderItself = await lineAndAnswer(file('.'))
    expect(folderItself).toEqual({ line: '404 10 complete', answer: 404 })
    const through = await lineAndAnswer(file('seats.txt/x'))
    expect(through).toEqual({ line: '500 22 complete', answer: 500 })
  })

  it('whose path is not absolute breaks the response off', async () => {
    const served = app(async (_receive, send) => {
      await send(OK)
      await send({ type: 'http.response.pathsend', path: 'seats.txt' })
    })
    expect(await lineAndAnswer(served)).toEqual({ line: '200 0 aborted', answer: 'cut' })
  })
})

describe('an app without an answer', () => {
  it('is logged with the answer of the server', async () => {
    const answers = [
      await lineAndAnswer(throws(new Error('a bug'))),
      await lineAndAnswer(throws(new UnsupportedScopeError('http'))),
      await lineAndAnswer(throws(new UnavailableError('busy'))),
      await lineAndAnswer(app(async () => undefined)),
      await lineAndAnswer(app((_receive, send) => send({ ...OK, headers: [['a b', 'c']] }))),
    ]
    expect(answers).toEqual(
      [
        [500, 22],
        [404, 10],
        [503, 20],
        [500, 22],
        [500, 22],
      ].map(([status, bytes]) => ({
        line: `${status} ${bytes} complete`,
        answer: status,
      })),
    )
  })

  it('is logged with 413 for a body that is too long, also after a start whose head is held', async () => {
    const post: Ask = (client) => client.post('/', { body: ['too ', 'long'] })
    const options = { maxBodyBytes: 5 }
    const reads = app(hearOut)
    const startsAndReads = app(async (receive, send) => {
      await send(OK)
      await hearOut(receive)
    })
    const expected = { line: '413 18 complete', answer: 413 }
    expect(await lineAndAnswer(reads, post, options)).toEqual(expected)
    expect(await lineAndAnswer(startsAndReads, post, options)).toEqual(expected)
  })
})

describe('a response that breaks off', () => {
  it('is aborted if the app threw or returned after its start', async () => {
    const afterStart = app(async (_receive, send) => {
      await send(OK)
      throw new Error('a bug')
    })
    expect(await lineAndAnswer(afterStart)).toEqual({ line: '200 0 aborted', answer: 'cut' })
    const inTheBody = app(async (_receive, send) => {
      await send(OK)
      await send({ type: 'http.response.body', body: 'half', moreBody: true })
    })
    expect(await lineAndAnswer(inTheBody)).toEqual({ line: '200 4 aborted', answer: 'cut' })
  })

  it('has its outcome in the sentence, with the status that the client may have seen', async () => {
    await using log = await logged(sends(OK, 'x'.repeat(10)))
    await using response = await log.client.stream('GET', '/', { highWaterMark: 1 })
    response.cancel()
    await response.finished()
    expect(log.lines).toEqual(['info: GET / 200 disconnected'])
  })

  it('is disconnected if the client left before the head', async () => {
    const served = app(async (receive, send) => {
      await hearOut(receive)
      await send(OK)
    })
    const leave: Ask = (client) => client.get('/', { disconnect: 'at-once' })
    expect((await lineAndAnswer(served, leave)).line).toBe('null 0 disconnected')
    const quiet = app(hearOut)
    expect((await lineAndAnswer(quiet, leave)).line).toBe('null 0 disconnected')
  })
})

describe('in a shutdown', () => {
  /** The line of an app that a shutdown tells, and then cuts if `cut` is true. */
  async function lineOf(served: EventApp, cut: boolean): Promise<unknown[]> {
    const log = recordingLog()
    const { cycle, done } = startCycle(accessLog({ log })(served))
    cycle.shutdown()
    if (cut) cycle.onDisconnect()
    await done
    const { status, outcome } = log.fields[0] ?? {}
    return [status, outcome, log.lines.length]
  }
  const untilTheEnd = app(hearOut)

  it('a request that the server cuts is aborted, not disconnected', async () => {
    expect(await lineOf(untilTheEnd, true)).toEqual([null, 'aborted', 1])
  })

  it('an app that stops without an answer is answered 503', async () => {
    expect(
      await lineOf(
        app(async () => undefined),
        false,
      ),
    ).toEqual([503, 'complete', 1])
    expect(await lineOf(throws(new ServerShutdownError()), false)).toEqual([503, 'complete', 1])
  })
})

describe('on a host that reports no end', () => {
  it('an app that fails with ClientDisconnectedError has lost its client', async () => {
    const host = new Host()
    const served = accessLog({ log: host.log })(sends(OK, 'x'))
    host.leave()
    const failure = await failureOf(served(httpScope(), host.receive, host.send))
    expect(failure).toMatchObject({ code: 'ECONNRESET' })
    expect(host.log.lines).toEqual(['info: GET / - disconnected'])
  })
})
