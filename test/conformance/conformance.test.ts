// One behaviour, many subjects: every style in every hosting on every engine gives the same answer.

import { mount } from 'isthmus'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { deferred } from '../../src/waiting/deferred.ts'
import { echo, endless, failing, gated, streamed, view, whole } from './apps.ts'
import { endPython } from './in-python.ts'
import { endThreads } from './in-threads.ts'
import { SUBJECTS } from './subjects.ts'
import type { HeaderPairs } from 'isthmus'
import type { Trio } from './apps.ts'
import type { Host } from './host.ts'
import type { Journal } from './sync-apps.ts'

const TEXT: HeaderPairs = [['content-type', 'text/plain']]
const SERVER: HeaderPairs = [
  ['date', 'DATE'],
  ['server', 'isthmus'],
]
const CHUNKED: HeaderPairs = [['transfer-encoding', 'chunked'], ...SERVER]
const length = (bytes: number): HeaderPairs => [['content-length', String(bytes)], ...SERVER]
const MIB = 'x'.repeat(1024 * 1024)

/** Polls until `condition` holds; throws after eight seconds. */
async function eventually(condition: () => boolean): Promise<void> {
  for (const since = Date.now(); !condition();) {
    if (Date.now() - since > 30_000) throw new Error('it did not come to pass within 30 s')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

// The validator around each WSGI app writes its complaints into the log.
afterAll(endPython)
afterAll(endThreads)

describe.each(SUBJECTS)('$name', ({ host: hosted, engine, gaps }) => {
  beforeEach(({ skip }) => skip(gaps.all !== undefined, gaps.all))
  const host = (trio: Trio): Promise<Host> => engine(hosted(trio))

  describe('[3a.66] [3c.34] answers', () => {
    it('a stream in chunks', async () => {
      await using it = await host(streamed(200, TEXT, ['hello, ', 'world']))
      const headers = [...TEXT, ...CHUNKED]
      expect(await it.ask()).toEqual({ status: 200, headers, body: 'hello, world' })
    })

    it('an Array with its length', async () => {
      await using it = await host(whole(200, TEXT, ['hello, ', 'world']))
      const headers = [...TEXT, ...length(12)]
      expect(await it.ask()).toEqual({ status: 200, headers, body: 'hello, world' })
    })

    it('a stream with the length that the app announced', async () => {
      await using it = await host(streamed(200, [['content-length', '12']], ['hello, ', 'world']))
      expect(await it.ask()).toEqual({ status: 200, headers: length(12), body: 'hello, world' })
    })

    it('an empty stream and an empty Array with length 0', async () => {
      await using stream = await host(streamed(200, TEXT, []))
      await using array = await host(whole(200, TEXT, []))
      const expected = { status: 200, headers: [...TEXT, ...length(0)], body: '' }
      expect(await stream.ask()).toEqual(expected)
      expect(await array.ask()).toEqual(expected)
    })

    it('ten thousand chunks', async () => {
      const chunks = Array.from({ length: 10_000 }, (_, index) => `${index};`)
      await using it = await host(streamed(200, [], chunks))
      expect((await it.ask()).body === chunks.join('')).toBe(true)
    })

    it('[3a.6] without empty chunks', async () => {
      await using it = await host(streamed(200, [], ['', 'a', '', 'b', '']))
      expect(await it.ask()).toEqual({ status: 200, headers: CHUNKED, body: 'ab' })
    })

    it('text as UTF-8, header values as latin-1', async () => {
      await using it = await host(whole(200, [['x-name', 'caf\xe9']], ['caf\xe9 €']))
      const headers = [['x-name', 'caf\xe9'], ...length(9)]
      expect(await it.ask()).toEqual({ status: 200, headers, body: 'caf\xc3\xa9 \xe2\x82\xac' })
    })

    it('[3a.42] a redirect with cookies, each one on its own and in order', async ({ skip }) => {
      const headers: HeaderPairs = [
        ['set-cookie', 'a=1'],
        ['location', '/next'],
        ['set-cookie', 'b=2'],
      ]
      await using it = await host(whole(303, headers, []))
      const answer = await it.ask()
      const expected = [...headers, ...length(0)]
      if (gaps.order !== undefined) {
        expect(new Set(answer.headers)).toEqual(new Set(expected))
        skip(gaps.order)
      }
      expect(answer).toEqual({ status: 303, headers: expected, body: '' })
    })
  })

  describe('[3a.47] drops the body of', () => {
    it('HEAD, and keeps the length of an Array', async () => {
      await using it = await host(whole(200, TEXT, ['hello']))
      const headers = [...TEXT, ...length(5)]
      expect(await it.ask({ method: 'HEAD' })).toEqual({ status: 200, headers, body: '' })
    })

    it('HEAD, without a length for a stream', async () => {
      await using it = await host(streamed(200, TEXT, ['hello']))
      const headers = [...TEXT, ...SERVER]
      expect(await it.ask({ method: 'HEAD' })).toEqual({ status: 200, headers, body: '' })
    })

    it('204, with its length', async () => {
      await using it = await host(streamed(204, [['content-length', '5']], ['hello']))
      expect(await it.ask()).toEqual({ status: 204, headers: SERVER, body: '' })
    })

    it('304, and keeps the length that the app announced', async () => {
      await using it = await host(streamed(304, [['content-length', '5']], ['hello']))
      expect(await it.ask()).toEqual({ status: 304, headers: length(5), body: '' })
    })
  })

  describe('reads a request body', () => {
    it.each([
      ['of no byte', ''],
      ['of one byte', '\xff'],
      ['of one MiB', MIB],
      ['of no chunk', []],
      ['of three chunks', ['one', 'two', 'three']],
      ['of 64 chunks, 1 MiB', Array<string>(64).fill('y'.repeat(16_384))],
    ])('%s', async (_what, body) => {
      await using it = await host(echo)
      const expected = typeof body === 'string' ? body : body.join('')
      const answer = await it.ask({ method: 'POST', body })
      expect(answer.headers).toEqual([...TEXT, ...length(expected.length)])
      expect(answer.body === expected).toBe(true)
    })
  })

  describe('[3c.1] shows the app', () => {
    it('[3a.10] method, path, query and headers', async () => {
      await using it = await host(view)
      const { body } = await it.ask({
        method: 'PUT',
        target: '/%E2%82%AC/a%2Fb?q=%E2%82%AC&x',
        headers: [
          ['x-twice', '1'],
          ['cookie', 'a=1'],
          ['content-type', 'text/x'],
          ['x-twice', 'caf\xe9'],
          ['cookie', 'b=2'],
        ],
        body: 'hello',
      })
      expect(JSON.parse(Buffer.from(body ?? '', 'latin1').toString())).toEqual({
        method: 'PUT',
        root: '',
        path: '/€/a/b',
        query: 'q=%E2%82%AC&x',
        uri: '/%E2%82%AC/a%2Fb?q=%E2%82%AC&x',
        protocol: expect.stringMatching(/^HTTP\/(?:1\.1|2)$/),
        scheme: 'http',
        type: 'text/x',
        length: '5',
        twice: '1,caf\xe9',
        cookie: 'a=1; b=2',
      })
    })

    it('[3a.14] [3b.12] the path at which it is mounted', async ({ skip }) => {
      if (gaps.mounting !== undefined) skip(gaps.mounting)
      await using it = await engine(mount({ '/a': hosted(view), '/a/b c': hosted(view) }))
      const viewOf = async (target: string): Promise<unknown> =>
        JSON.parse((await it.ask({ target })).body ?? '') as unknown
      expect(await viewOf('/a')).toMatchObject({ root: '/a', path: '', uri: '/a' })
      expect(await viewOf('/a/x?y')).toMatchObject({ root: '/a', path: '/x', uri: '/a/x?y' })
      expect(await viewOf('/a/b%20c/')).toMatchObject({ root: '/a/b c', path: '/' })
      expect((await it.ask({ target: '/ab' })).status).toBe(404)
    })
  })

  describe('when the app breaks the contract', () => {
    const failure = {
      status: 500,
      headers: [['content-type', 'text/plain; charset=utf-8'], ...length(22)],
      body: 'Internal Server Error\n',
    }

    it('[3a.53] [3b.28] answers 500 for an error before the first byte', async () => {
      await using it = await host(failing([]))
      expect(await it.ask()).toEqual(failure)
    })

    it('[3a.54] [3b.28] cuts the response for an error after it', async () => {
      await using it = await host(failing(['half']))
      const headers = [['x-of', 'app'], ...CHUNKED]
      expect(await it.ask()).toEqual({ status: 200, headers, body: null })
    })

    it('[3a.45] [3b.25] cuts a body that is shorter than its length', async () => {
      await using it = await host(streamed(200, [['content-length', '9']], ['half']))
      expect(await it.ask()).toEqual({ status: 200, headers: length(9), body: null })
    })

    it('[3a.32] answers 500 for an interim status', async () => {
      await using it = await host(streamed(103, [], []))
      expect(await it.ask()).toEqual(failure)
    })

    it('[3a.33] [3b.23] answers 500 for a header that would break the head apart', async () => {
      await using it = await host(streamed(200, [['x-a', 'b\r\nx-c: d']], ['x']))
      expect(await it.ask()).toEqual(failure)
    })
  })

  describe('while the response is under way', () => {
    it('[3a.44] [3b.24] the first chunk arrives before the second is made', async ({ skip }) => {
      if (gaps.waiting !== undefined) skip(gaps.waiting)
      const gate = deferred()
      await using it = await host(gated(gate.promise))
      const stream = await it.open()
      expect(await stream.read()).toBe('first')
      gate.resolve()
      expect(await stream.read()).toBe('second')
    })

    it('[3a.51] [3a.52] [3a.55] the app cleans up once after the client leaves', async () => {
      const journal: Journal = { produced: 0, cleanup: [] }
      await using it = await host(endless(journal))
      const stream = await it.open()
      await stream.read()
      stream.leave()
      await eventually(() => journal.cleanup.length === 2)
      const produced = journal.produced
      await it[Symbol.asyncDispose]()
      expect(journal).toEqual({ produced, cleanup: ['finally', 'close'] })
    })

    it('[3a.44] [3a.63] [3b.24] the app waits for a client that does not read', async () => {
      const journal: Journal = { produced: 0, cleanup: [] }
      await using it = await host(endless(journal))
      const stream = await it.open()
      let before = -1
      let still = 0
      await eventually(() => {
        still = journal.produced === before ? still + 1 : 0
        before = journal.produced
        return still === 20
      })
      expect(journal.produced).toBeLessThan(500)

      await stream.read()
      stream.leave()
      await eventually(() => journal.cleanup.length === 2)
    })
  })
})
