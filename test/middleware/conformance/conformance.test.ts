// Each bundled middleware behaves in the same way in every style and hosting.

import { readdirSync } from 'node:fs'
import { events, iterable, sync } from 'isthmus'
import { afterAll, describe, expect, it } from 'vitest'
import { deferred } from '../../../src/waiting/deferred.ts'
import { environName } from '../../../src/bridge/scope-to-environ.ts'
import { testClient } from '../../../src/testing/test-client.ts'
import { Host, httpScope } from '../../bridge/host.ts'
import { makeEnviron } from '../../sync/make-environ.ts'
import { httpApp } from '../../raw/served.ts'
import { isNoFraming } from './apps.ts'
import { socketGap, wireAnswerFrom } from './socket.ts'
import { answerFrom, endHosts, SUBJECTS } from './subjects.ts'
import type { App, Chunk, Environ, HeaderPairs, SyncBody } from 'isthmus'
import type { Deferred } from '../../../src/waiting/deferred.ts'
import type { Answer, Case, Row, SubjectName } from './row.ts'
import type { Loaded } from './subjects.ts'

const FOLDER = new URL('./rows/', import.meta.url)
const DEADLINE_MS = 30_000

async function loaded(file: string): Promise<Loaded> {
  const url = new URL(file, FOLDER).href
  const { row } = (await import(url)) as { row: Row }
  return { row, url }
}

const ROWS = await Promise.all(readdirSync(FOLDER).toSorted().map(loaded))

/** The expected answer of `subject`: a handshake has no body to frame. */
function expectedOf({ expected }: Case, subject: SubjectName): Answer {
  if (subject !== 'websocket') return expected
  return { ...expected, headers: expected.headers.filter(isNoFraming) }
}

// The validator around each WSGI app writes its complaints into the log.
afterAll(endHosts)

describe.each(ROWS.map((each) => [each.row.name, each] as const))('%s', (_name, loadedRow) => {
  const { row } = loadedRow
  describe.each(SUBJECTS.map((each) => [each.title ?? each.name, each] as const))(
    'around %s',
    (_name, subject) => {
      it.for(row.cases.map((each) => [each.title, each] as const))(
        '%s',
        async ([, one], { skip }) => {
          const gap = subject.gap ?? row.gaps?.[subject.name] ?? one.gaps?.[subject.name]
          skip(gap !== undefined, gap)
          const answer = await answerFrom(subject, loadedRow, one)
          expect(one.normalised?.(answer) ?? answer).toEqual(expectedOf(one, subject.name))
        },
      )
    },
  )

  describe.each(SUBJECTS.map((each) => [each.title ?? each.name, each] as const))(
    'over a socket, around %s',
    (_name, subject) => {
      it.for(row.cases.map((each) => [each.title, each] as const))(
        '%s',
        async ([, one], { skip }) => {
          const own = subject.gap ?? row.gaps?.[subject.name] ?? one.gaps?.[subject.name]
          const gap = own ?? socketGap(one, subject)
          skip(gap !== undefined, gap)
          const answer = await wireAnswerFrom(subject, loadedRow, one)
          expect(one.normalised?.(answer) ?? answer).toEqual(one.expected)
        },
      )
    },
  )

  describe('never buffers: the client has the first chunk before the app makes the second', () => {
    it('in an async-iterable app', async () => {
      const gate = deferred()
      const app = iterable(async function* (_environ, startResponse) {
        startResponse('200 OK', [['content-type', 'text/plain']])
        yield 'first '.repeat(1_000)
        await gate.promise
        yield 'second'
      })
      expect(await firstAndRest(row, app, gate)).toEqual([true, true])
    })

    it('in an event app', async () => {
      const gate = deferred()
      const app = httpApp(async (_scope, _receive, send) => {
        const headers: Array<[string, string]> = [['content-type', 'text/plain']]
        await send({ type: 'http.response.start', status: 200, headers })
        const body = 'first '.repeat(1_000)
        await send({ type: 'http.response.body', body, moreBody: true })
        await gate.promise
        await send({ type: 'http.response.body', body: 'second' })
      })
      expect(await firstAndRest(row, events(app), gate)).toEqual([true, true])
    })

    it('in a sync app, chunk by chunk', () => {
      let made = 0
      const app = sync(function* (_environ, startResponse) {
        startResponse('200 OK', [['content-type', 'text/plain']])
        for (; made < 3; made += 1) yield 'chunk '.repeat(1_000)
      })
      const body = row.wrap()(app)(environOf(row), () => () => undefined)
      const iterator = body[Symbol.iterator]()
      expect(iterator.next().done).toBe(false)
      expect(made).toBe(0)
      expect(iterator.next().done).toBe(false)
      expect(made).toBe(1)
      iterator.return?.()
      body.close?.()
    })
  })

  describe.skipIf(row.touchesBody)(
    `lets a body pass that it does not touch${row.touchesBody ? ` (not here: ${row.touchesBody})` : ''}`,
    () => {
      it('of a sync app as the same object, without an iterator', () => {
        const body = counted(['one', 'two'])
        const app = sync((_environ, startResponse) => {
          startResponse('200 OK', [['content-type', 'text/plain']])
          return body.chunks
        })
        expect(row.wrap()(app)(environOf(row), () => () => undefined)).toBe(body.chunks)
        expect(body.iterators()).toBe(0)
      })

      it('of an event app event by event, with the promises that the server returns', async () => {
        const event = { type: 'http.response.body', body: 'one', moreBody: true } as const
        const pairs: Array<[given: Promise<void>, got: Promise<void>]> = []
        const given: Array<Promise<void>> = []
        const host = new Host()
        const send = (sent: unknown): Promise<void> => {
          if (sent === event) given.push(Promise.resolve())
          return given.at(-1) ?? Promise.resolve()
        }
        const app = events(async (_scope, _receive, appSend) => {
          await appSend({ type: 'http.response.start', status: 200 })
          await appSend(event)
          for (let count = 0; count < 3; count += 1) {
            const got = appSend(event)
            pairs.push([given.at(-1) as Promise<void>, got])
          }
          await appSend({ type: 'http.response.body' })
        })
        const { secure = false } = row.ask ?? {}
        const scope = httpScope({ scheme: secure ? 'https' : 'http', headers: headersOf(row) })
        await row.wrap()(app)(scope, host.receive, send)
        expect(given).toHaveLength(4)
        expect(pairs.map(([theirs, got]) => theirs === got)).toEqual([true, true, true])
      })
    },
  )
})

/** Reads a chunk while the app waits, then the other chunks, and returns if both arrived. Each wait has a deadline. */
async function firstAndRest(row: Row, app: App, gate: Deferred<void>): Promise<boolean[]> {
  const { secure = false } = row.ask ?? {}
  await using client = await testClient(row.wrap()(app), { deadlineMs: DEADLINE_MS, secure })
  await using response = await client.stream('GET', '/', { headers: headersOf(row) })
  const first = (await response.read())?.length ?? 0
  gate.resolve()
  let rest = 0
  for await (const chunk of response) rest += chunk.length
  return [first > 0, rest > 0]
}

function headersOf({ ask }: Row): HeaderPairs {
  return [['host', 'example.test'], ...(ask?.headers ?? [])]
}

function environOf(row: Row): Environ {
  const headers = headersOf(row).map(([name, value]) => [environName(name), value])
  const scheme = row.ask?.secure ? 'https' : 'http'
  return makeEnviron({ ...Object.fromEntries(headers), 'wsgi.url_scheme': scheme })
}

/** An Array that counts its iterators. */
function counted(chunks: Chunk[]): { chunks: SyncBody; iterators: () => number } {
  let iterators = 0
  const iterate = chunks[Symbol.iterator].bind(chunks)
  Object.defineProperty(chunks, Symbol.iterator, {
    value: () => {
      iterators += 1
      return iterate()
    },
  })
  return { chunks, iterators: () => iterators }
}
