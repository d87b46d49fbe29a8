// The rules of PEP 3333 for an app of Python: start_response, the body and its end, over raw bytes.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../hosting/behaviour-host.ts'
import { headerOf } from '../raw/raw-response.ts'
import { NO_PYTHON, SKIPPED } from './program.ts'
import { serving } from './serving.ts'
import { FIXTURE } from './shared-pool.ts'
import type { PythonServer } from './serving.ts'

const HEAD = 'HTTP/1.1 200 OK|'
const END = 'server: isthmus|connection: close||'
const CHUNKED = `${HEAD}transfer-encoding: chunked|${END}`
const sized = (size: number): string => `${HEAD}content-length: ${size}|${END}`

describe.skipIf(NO_PYTHON !== undefined)(`a WSGI app of Python${SKIPPED}`, () => {
  let server: PythonServer

  beforeAll(async () => {
    server = await serving('wsgi_semantics:app', { threads: 2 })
  }, 60_000)
  afterAll(() => server[Symbol.asyncDispose]())

  const hasLine = (text: string): Promise<void> =>
    eventually(() => server.lines.some((line) => line.includes(text)))

  describe('whose start_response', () => {
    it('[3a.31] returns write()', async () => {
      expect((await server.ask('/write_is_returned')).body).toBe('True')
    })

    it('[3a.32] refuses a status that is none', async () => {
      expect(await server.json('/bad_status')).toEqual([
        ...Array<unknown>(4).fill(expect.stringContaining('is not three digits')),
        expect.stringContaining("must be a str such as '200 OK', got an int"),
      ])
    })

    it('[3a.33] refuses names that are no tokens, and values with other characters', async () => {
      expect(await server.json('/bad_headers')).toEqual([
        expect.stringContaining('not a token'),
        expect.stringContaining('control character'),
        expect.stringContaining('above U+00FF'),
        expect.stringContaining('must be a str, got a bytes'),
        expect.stringContaining('not a header "status"'),
        expect.stringContaining('not a token'),
      ])
    })

    it('[3a.34] [3a.50] drops the fields of the server, with a warning', async () => {
      expect(await server.wire('/hop_by_hop')).toBe(`${HEAD}x-a: b|content-length: 1|${END}x`)
      for (const name of ['Connection', 'Keep-Alive', 'Transfer-Encoding']) {
        await hasLine(`warn: the header "${name}" of the app is dropped`)
      }
    })

    it('[3a.35] refuses a second call, also after a first one that failed', async () => {
      expect((await server.ask('/twice')).body).toMatch(
        /^AppError: start_response was called twice/,
      )
    })

    it('[3a.36] replaces the head with the help of exc_info', async () => {
      const wire = await server.wire('/replaced')
      expect(wire).toBe(
        `HTTP/1.1 500 Internal Server Error|x-second: b|content-length: 4|${END}page`,
      )
    })

    it('[3a.37] raises the error of exc_info when the head has left', async () => {
      expect(await server.wire('/late_replacement')).toBe(`${CHUNKED}4|half|`)
      await hasLine('the error of the app')
    })

    it('[3a.38] keeps no reference to the error', async () => {
      await server.ask('/keeps_no_error')
      await server.ask('/keeps_no_error')
      expect((await server.ask('/keeps_no_error')).body).toBe('0')
    })

    it('[3a.39] [3a.6] sends nothing before the first byte of the body', async () => {
      using client = await server.connect()
      client.send('GET /held HTTP/1.1\r\nHost: x\r\n\r\n')
      await eventually(() => server.app.stats().inFlight === 1)
      expect(client.received).toBe(0)
      await server.ask('/go')
      expect(await client.response()).toMatchObject({ status: 200, chunks: ['byte'] })
    })

    it('[3a.40] may be called in the first step of the body', async () => {
      expect(await server.ask('/late_start')).toMatchObject({ status: 202, body: 'late' })
    })

    it('[3a.41] has to be called before the first byte, and before the end', async () => {
      expect((await server.ask('/no_start')).status).toBe(500)
      expect((await server.ask('/no_start_at_the_end')).status).toBe(500)
      await hasLine('start_response was not called before the first chunk')
    })
  })

  describe('whose body', () => {
    it.each([
      ['str', 'returned a str'],
      ['bytes', 'returned a bytes'],
      ['none', 'returned None'],
      ['number', 'not iterable'],
      ['strs', 'a list with a str'],
      ['generator', 'yielded a str'],
    ])('[3a.4] [3a.5] is not of bytes is an error that says so: %s', async (kind, message) => {
      expect((await server.ask(`/returns?${kind}`)).status).toBe(500)
      await hasLine(message)
    })

    it('[3a.43] begins with the bytes of write()', async () => {
      const { body, chunks } = await server.ask('/writes')
      expect([body, chunks?.[0]]).toEqual(['one,two,three', 'one,'])
    })

    it('[3a.45] ends at its length: more is cut off, and too much for write() is an error', async () => {
      expect(await server.wire('/too_long')).toBe(`${sized(4)}four`)
      expect(await server.wire('/writes_too_much')).toBe(`${sized(4)}four`)
      await hasLine('write() raised ContentLengthMismatchError')
      await hasLine('the body is longer than its Content-Length of 4 bytes')
    })

    it('[3a.46] has a length if it is a list, of any size', async () => {
      expect(headerOf(await server.ask('/big_list'), 'content-length')).toBe('100000')
    })

    it('[3a.48] [3a.46] goes to HTTP/1.0 without chunks, up to the end of the connection', async () => {
      using client = await server.connect()
      client.send('GET /chunks HTTP/1.0\r\nHost: x\r\n\r\n')
      const text = await client.rest()
      expect(text).not.toContain('transfer-encoding')
      expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\none\r\ntwo\n$/)
    })

    it('[3a.49] goes to HTTP/1.1 with its line ends, chunk by chunk', async () => {
      expect((await server.ask('/chunks')).chunks).toEqual(['one\r\n', 'two\n'])
    })

    it('[3a.47] is dropped for HEAD, 204 and 304, and closed', async () => {
      expect(await server.wire('/no_content?200', { method: 'HEAD' })).toBe(sized(3))
      expect(await server.wire('/no_content?204')).toBe(`HTTP/1.1 204 No Content|${END}`)
      expect(await server.wire('/no_content?304')).toBe(
        `HTTP/1.1 304 Not Modified|content-length: 3|${END}`,
      )
      expect(await timesClosed('status 200 to HEAD')).toBe(1)
      expect(await timesClosed('status 204 to GET')).toBe(1)
      expect(await timesClosed('status 304 to GET')).toBe(1)
    })

    it('[3a.57] may be a file, from its position to its end', async () => {
      const before = (await closed()).length
      expect((await server.ask('/file')).body).toBe('23456789')
      expect((await closed()).slice(before)).toEqual(['file'])
    })

    it('[3a.57] may be a file, up to the Content-Length', async () => {
      expect(await server.wire('/file?4')).toBe(`${sized(4)}2345`)
    })

    it('[3a.57] may be a file of the disk, and a file inside of a middleware', async () => {
      const text = readFileSync(join(FIXTURE.cwd ?? '', 'wsgi_semantics.py'), 'latin1')
      expect((await server.ask('/real_file')).body === text).toBe(true)
      expect((await server.ask('/wrapped_file')).body).toBe('234V6789')
    })
  })

  const closed = (): Promise<string[]> => server.json('/closed_so_far') as Promise<string[]>
  const timesClosed = async (name: string): Promise<number> =>
    (await closed()).filter((each) => each === name).length

  describe('has close() of its body called once', () => {
    it.each([
      ['ends', 'end'],
      ['fails', 'failure'],
      ['too_long', 'too_long'],
      ['never_starts', 'no start'],
      ['fails_to_close', 'failing close'],
    ])('[3a.51] %s', async (path, name) => {
      const before = await timesClosed(name)
      await server.wire(`/${path}`)
      await eventually(async () => (await timesClosed(name)) > before)
      expect(await timesClosed(name)).toBe(before + 1)
    })

    it('[3a.51] [3a.55] when the client leaves, which is no error', async () => {
      const client = await server.connect()
      client.send('GET /endless HTTP/1.1\r\nHost: x\r\n\r\n')
      await client.head()
      client.reset()
      await eventually(async () => (await timesClosed('client')) === 1)
      expect(server.lines.filter((line) => /^error.*(client|disconnect)/.test(line))).toEqual([])
    })

    it('[3a.52] and its error goes to the log', async () => {
      expect((await server.ask('/fails_to_close')).body).toBe('x')
      await hasLine('error: close() of the body failed: close() of the app')
    })

    it('[3a.51] when the server closes', async () => {
      const other = await serving('wsgi_semantics:app', {}, { graceMs: 0 })
      using client = await other.connect()
      client.send('GET /endless HTTP/1.1\r\nHost: x\r\n\r\n')
      await client.head()
      client.socket.pause()
      await other[Symbol.asyncDispose]()
      expect(other.lines.filter((line) => line === 'info: closed client')).toHaveLength(1)
    })
  })

  it('[3a.53] answers an error of the app with 500, and shows no word about the error', async () => {
    const response = await server.ask('/no_start')
    expect([response.status, response.body]).toEqual([500, 'Internal Server Error\n'])
  })

  it('[3a.54] cuts a response whose app fails after its head', async () => {
    expect(await server.wire('/fails')).toBe(`${CHUNKED}1|x|`)
  })
})
