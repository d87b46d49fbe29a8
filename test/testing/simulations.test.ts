import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { deferred } from '../../src/waiting/deferred.ts'
import { events, iterable, sync } from '../../src/bridge/style.ts'
import { ClientDisconnectedError } from '../../src/errors.ts'
import { testClient } from '../../src/testing/test-client.ts'
import type { EventApp, ReceiveEvent } from '../../src/contract/events.ts'
import type { TestClientOptions } from '../../src/testing/test-client.ts'

const decoder = new TextDecoder()
const OPTIONS: TestClientOptions = { lifespan: 'off', identity: false }

/** Notes the events that it receives, then answers. */
function noting(seen: ReceiveEvent[]): EventApp {
  return events(async (_scope, receive, send) => {
    for await (const event of receive) {
      seen.push(event)
      if (event.type === 'http.disconnect') return
      if (event.moreBody === false) break
    }
    await send({ type: 'http.response.start', status: 200 })
    await send({ type: 'http.response.body', body: 'thanks' })
  })
}

/** Sends `chunks` one by one, and notes when each send is done. */
function sending(chunks: string[], sent: string[] = []): EventApp {
  return events(async (_scope, _receive, send) => {
    await send({ type: 'http.response.start', status: 200, headers: [['x-a', 'b']] })
    for (const body of chunks) {
      await send({ type: 'http.response.body', body, moreBody: true })
      sent.push(body)
    }
    await send({ type: 'http.response.body' })
  })
}

const texts = (seen: ReceiveEvent[]): string[] =>
  seen.map((event) => (event.body ? decoder.decode(event.body) : event.type))

describe('a client that leaves', () => {
  it('[3b.17] at once: the app receives the disconnect and no body', async () => {
    const seen: ReceiveEvent[] = []
    await using client = await testClient(noting(seen), OPTIONS)
    const answer = client.post('/', { body: 'lost', disconnect: 'at-once' })
    await expect(answer).rejects.toThrow('the client left at once, before the head of the response')
    expect(texts(seen)).toEqual(['http.disconnect'])
  })

  it('[3b.17] after bytes of its body: the app receives these, then the disconnect, never an end', async () => {
    const seen: ReceiveEvent[] = []
    await using client = await testClient(noting(seen), OPTIONS)
    const answer = client.post('/', { body: 'abcdef', split: 2, disconnect: { sentBytes: 3 } })
    await expect(answer).rejects.toMatchObject({ code: 'ISTHMUS_TEST_RESPONSE_CUT', head: null })
    expect(texts(seen)).toEqual(['ab', 'c', 'http.disconnect'])
    expect(seen.slice(0, 2).every((event) => event.moreBody)).toBe(true)
  })

  it('after bytes of the response: the error has the number of bytes', async () => {
    await using client = await testClient(sending(['abc', 'def', 'ghi']), OPTIONS)
    const answer = client.get('/', { disconnect: { receivedBytes: 4 }, highWaterMark: 0 })
    await expect(answer).rejects.toThrow(
      'the client left, as it was told to, after status 200 and 6 bytes of the body',
    )
    await expect(client.get('/', { disconnect: { receivedBytes: 0 } })).rejects.toMatchObject({
      head: { status: 200 },
    })
  })

  it('is a mistake of the test if the exchange ends before', async () => {
    await using client = await testClient(noting([]), OPTIONS)
    const behindTheBody = client.post('/', { body: 'abc', disconnect: { sentBytes: 4 } })
    await expect(behindTheBody).rejects.toThrow('the body ended after 3 bytes')
    const behindTheEnd = client.get('/', { disconnect: { receivedBytes: 100 } })
    await expect(behindTheEnd).rejects.toThrow('the response was whole before')
  })

  it('[3b.27] makes the next send of the app fail, which is not an error of the app', async () => {
    let failure: unknown
    const app = events(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200 })
      for (;;) {
        await send({ type: 'http.response.body', body: 'x', moreBody: true }).catch(
          (error: unknown) => {
            failure = error
            throw error
          },
        )
      }
    })
    await using client = await testClient(app, OPTIONS)
    await using response = await client.stream('GET', '/', { highWaterMark: 0 })
    expect(decoder.decode((await response.read()) ?? undefined)).toBe('x')
    response.cancel()
    await response.finished()
    expect(failure).toBeInstanceOf(ClientDisconnectedError)
  })

  it('[3a.51] while an iterable app streams: its finally runs', async () => {
    const closed = deferred()
    const app = iterable(async function* (_environ, startResponse) {
      startResponse('200 OK', [])
      try {
        for (;;) yield 'tick'
      } finally {
        closed.resolve()
      }
    })
    await using client = await testClient(app, OPTIONS)
    await using response = await client.stream('GET', '/', { highWaterMark: 0 })
    for await (const chunk of response) {
      expect(decoder.decode(chunk)).toBe('tick')
      break
    }
    await closed.promise
    await response.finished()
  })

  it('with less body than its Content-Length announced is a disconnect', async () => {
    const seen: ReceiveEvent[] = []
    await using client = await testClient(noting(seen), OPTIONS)
    const answer = client.post('/', { body: ['abc'], headers: { 'content-length': '5' } })
    await expect(answer).rejects.toThrow('the client left with 3 of 5 bytes sent')
    expect(texts(seen)).toEqual(['abc', 'http.disconnect'])
  })
})

describe('a body in chunks', () => {
  it('arrives in chunks of one size', async () => {
    const seen: ReceiveEvent[] = []
    await using client = await testClient(noting(seen), OPTIONS)
    await client.post('/', { body: 'abcde', split: 2 })
    expect(texts(seen).filter((text) => text !== '')).toEqual(['ab', 'cd', 'e'])
  })

  it('arrives in chunks of the given sizes, and one with the rest', async () => {
    const seen: ReceiveEvent[] = []
    await using client = await testClient(noting(seen), OPTIONS)
    await client.post('/', { body: 'abcdef', split: [1, 3] })
    expect(texts(seen).filter((text) => text !== '')).toEqual(['a', 'bcd', 'ef'])
  })

  it('arrives whole, for all bodies and all sizes of chunks', async () => {
    const seen: ReceiveEvent[] = []
    await using client = await testClient(noting(seen), OPTIONS)
    const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 9 })
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 40 }), sizes, async (body, split) => {
        seen.length = 0
        await client.post('/', { body, split })
        expect(Buffer.concat(seen.map((event) => event.body ?? new Uint8Array(0)))).toEqual(
          Buffer.from(body),
        )
      }),
      { seed: 11, numRuns: 100 },
    )
  })

  it('can be cut only if it is whole, and into sizes of at least one byte', async () => {
    await using client = await testClient(noting([]), OPTIONS)
    await expect(client.post('/', { body: ['a'], split: 1 })).rejects.toThrow(
      'a body that is whole',
    )
    await expect(client.post('/', { body: 'a', split: 0 })).rejects.toThrow('at least 1')
    await expect(client.post('/', { split: 1 })).rejects.toThrow('a body that is whole')
  })

  it('[3b.18] is pulled from its source only while the app reads', async () => {
    let pulled = 0
    const source = function* (): Generator<Uint8Array> {
      for (; pulled < 1000; pulled++) yield new Uint8Array(64 * 1024)
    }
    const app = events(async (_scope, receive, send) => {
      await receive()
      await send({ type: 'http.response.start', status: 200 })
      await send({ type: 'http.response.body' })
    })
    await using client = await testClient(app, OPTIONS)
    await client.post('/', { body: source() })
    expect(pulled).toBeLessThan(10)
  })

  it('that fails at its source is thrown to the test, and a disconnect to the app', async () => {
    const seen: ReceiveEvent[] = []
    await using client = await testClient(noting(seen), OPTIONS)
    const source = async function* (): AsyncGenerator<string> {
      yield 'abc'
      throw new RangeError('the disk is gone')
    }
    await expect(client.post('/', { body: source() })).rejects.toThrow('the disk is gone')
    expect(texts(seen)).toEqual(['abc', 'http.disconnect'])
  })

  it('that is longer than its Content-Length is a mistake of the test', async () => {
    await using client = await testClient(noting([]), OPTIONS)
    const answer = client.post('/', { body: ['abc'], headers: { 'content-length': '2' } })
    await expect(answer).rejects.toThrow('the body has more than its 2 bytes')
  })
})

describe('Expect: 100-continue', () => {
  it('[3a.27] is answered when the app reads, and then the body comes', async () => {
    const seen: ReceiveEvent[] = []
    await using client = await testClient(noting(seen), OPTIONS)
    const response = await client.put('/', { body: 'abc', expectContinue: true })
    expect([response.continued, response.text()]).toEqual([true, 'thanks'])
    expect(texts(seen)[0]).toBe('abc')
  })

  it('[3a.27] is not answered when the app does not read, and the connection closes', async () => {
    const app = sync((_environ, startResponse) => {
      startResponse('403 Forbidden', [])
      return []
    })
    let pulled = 0
    const source = function* (): Generator<string> {
      pulled++
      yield 'never'
    }
    await using client = await testClient(sending(['no']), OPTIONS)
    const response = await client.put('/', { body: source(), expectContinue: true })
    expect([response.continued, pulled]).toEqual([false, 0])
    expect(response.headers.get('connection')).toBe('close')
    await using other = await testClient(app, OPTIONS)
    expect((await other.put('/', { expectContinue: true })).status).toBe(403)
  })

  it('[3a.27] is ignored under HTTP/1.0', async () => {
    await using client = await testClient(noting([]), OPTIONS)
    const request = { body: 'abc', expectContinue: true, httpVersion: '1.0' } as const
    const response = await client.put('/', request)
    expect([response.status, response.continued]).toEqual([200, false])
  })
})

describe('a streamed response', () => {
  it('has its head first and its chunks as they were written', async () => {
    await using client = await testClient(sending(['a', 'bc', 'def']), OPTIONS)
    await using response = await client.stream('GET', '/')
    expect([response.status, response.headers.get('x-a')]).toEqual([200, 'b'])
    const chunks: string[] = []
    for await (const chunk of response) chunks.push(decoder.decode(chunk))
    expect(chunks).toEqual(['a', 'bc', 'def'])
  })

  it('[3b.24] holds the app back while the client reads nothing', async () => {
    const sent: string[] = []
    await using client = await testClient(sending(['a', 'b'], sent), OPTIONS)
    await using response = await client.stream('GET', '/', { highWaterMark: 0 })
    expect(sent).toEqual([])
    await response.read()
    await vi.waitFor(() => expect(sent).toEqual(['a']), 30_000)
    await response.read()
    await vi.waitFor(() => expect(sent).toEqual(['a', 'b']), 30_000)
    expect(await response.read()).toBeNull()
  })

  it('lets the app use its buffer again after send()', async () => {
    const app = events(async (_scope, _receive, send) => {
      const buffer = new TextEncoder().encode('one')
      await send({ type: 'http.response.start', status: 200 })
      await send({ type: 'http.response.body', body: buffer, moreBody: true })
      buffer.fill(0)
      await send({ type: 'http.response.body' })
    })
    await using client = await testClient(app, OPTIONS)
    expect((await client.get('/')).text()).toBe('one')
  })

  it('lets the app work on in the background', async () => {
    const finish = deferred()
    const app = events(async (scope, receive, send) => {
      await sending(['done'])(scope, receive, send)
      await finish.promise
    })
    await using client = await testClient(app, OPTIONS)
    await using response = await client.stream('GET', '/')
    for await (const chunk of response) expect(decoder.decode(chunk)).toBe('done')
    finish.resolve()
    await response.finished()
  })
})

describe('trailers and early hints', () => {
  const app = events(async (_scope, _receive, send) => {
    await send({ type: 'http.response.early_hint', links: ['</a.css>; rel=preload'] })
    await send({ type: 'http.response.start', status: 200, trailers: true })
    await send({ type: 'http.response.body', body: 'abc' })
    await send({ type: 'http.response.trailers', headers: [['x-sum', '6']] })
  })

  it('[3b.33, 3b.34] are seen by a client that takes them', async () => {
    await using client = await testClient(app, OPTIONS)
    const response = await client.get('/', { headers: { te: 'trailers' } })
    expect(response.earlyHints).toEqual([[['link', '</a.css>; rel=preload']]])
    expect([response.text(), response.trailers]).toEqual(['abc', [['x-sum', '6']]])
  })

  it('[3b.34] are not sent to a client that takes none', async () => {
    await using client = await testClient(app, OPTIONS)
    expect((await client.get('/')).trailers).toBeNull()
  })

  it('are on a stream after they have arrived', async () => {
    await using client = await testClient(app, OPTIONS)
    await using response = await client.stream('GET', '/', { headers: { te: 'trailers' } })
    expect(response.earlyHints).toHaveLength(1)
    for await (const chunk of response) expect(decoder.decode(chunk)).toBe('abc')
    expect(response.trailers).toEqual([['x-sum', '6']])
  })
})

describe('a response that is not whole', () => {
  const truncated = events(async (_scope, _receive, send) => {
    await send({ type: 'http.response.start', status: 200, headers: [['content-length', '9']] })
    await send({ type: 'http.response.body', body: 'only', moreBody: true })
  })

  it('[3b.28] never looks whole: the error has the number of received bytes', async () => {
    await using client = await testClient(truncated, OPTIONS)
    await expect(client.get('/')).rejects.toThrow(
      'the server cut the connection after status 200 and 4 bytes of the body',
    )
  })

  it('[3b.28] is cut on a stream after the received chunks', async () => {
    await using client = await testClient(truncated, OPTIONS)
    const response = await client.stream('GET', '/')
    expect(decoder.decode((await response.read()) ?? undefined)).toBe('only')
    await expect(response.read()).rejects.toMatchObject({ receivedBytes: 4 })
  })

  it('[3a.54] rejects with the exception of the app that caused the cut', async () => {
    const app = sync(function* (_environ, startResponse) {
      startResponse('200 OK', [])
      yield 'begun'
      throw new RangeError('half way')
    })
    await using client = await testClient(app, OPTIONS)
    await using lenient = await testClient(app, { ...OPTIONS, raiseAppErrors: false })
    await expect(client.get('/')).rejects.toThrow('half way')
    await expect(lenient.get('/')).rejects.toThrow('the server cut the connection')
  })
})

describe('a deadline', () => {
  const silent = events(async (_scope, receive) => {
    while ((await receive()).type !== 'http.disconnect');
  })
  const begun = events(async (_scope, receive, send) => {
    await send({ type: 'http.response.start', status: 200 })
    await send({ type: 'http.response.body', body: 'a', moreBody: true })
    while ((await receive()).type !== 'http.disconnect');
  })

  it('names the missing response, and makes the client leave', async () => {
    await using client = await testClient(silent, { ...OPTIONS, deadlineMs: 20 })
    await expect(client.get('/a')).rejects.toThrow(
      'the end of the response to GET /a did not come within 20 ms',
    )
  })

  it('can be given for one request', async () => {
    await using client = await testClient(silent, OPTIONS)
    await expect(client.stream('GET', '/b', { deadlineMs: 20 })).rejects.toThrow(
      'the head of GET /b',
    )
  })

  it('names the missing chunk', async () => {
    await using client = await testClient(begun, { ...OPTIONS, deadlineMs: 20 })
    await using response = await client.stream('GET', '/c')
    await response.read()
    await expect(response.read()).rejects.toThrow('a chunk of GET /c did not come within 20 ms')
  })

  it('names the work that did not end', async () => {
    const app = events(async (scope, receive, send) => {
      await sending(['done'])(scope, receive, send)
      await new Promise(() => undefined)
    })
    const client = await testClient(app, { ...OPTIONS, deadlineMs: 20 })
    await expect(client.get('/d')).rejects.toThrow("the end of the app's work on GET /d")
    await expect(client[Symbol.asyncDispose]()).rejects.toThrow(
      "the end of the app's work on GET /d",
    )
  })
})
