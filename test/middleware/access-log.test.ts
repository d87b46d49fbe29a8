// The facts that every line of the access log has, and the values that accessLog() does not change.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { events } from '../../src/bridge/style.ts'
import { forwarded } from '../../src/middleware/forwarded.ts'
import { accessLog } from '../../src/middleware/access-log.ts'
import { testClient } from '../../src/testing/test-client.ts'
import { Host, httpScope, recordingLog } from '../bridge/host.ts'
import { startCycle } from '../server/fake-http-transport.ts'
import { logged } from './access-lines.ts'
import type { EventApp, HttpScope, Scope } from '../../src/contract/events.ts'

const hello = events(async (_scope, _receive, send) => {
  await send({ type: 'http.response.start', status: 200 })
  await send({ type: 'http.response.body', body: 'hello' })
})

/** The line for a request with these parts. */
async function lineOf(parts: Partial<HttpScope>) {
  const log = recordingLog()
  await startCycle(accessLog({ log })(hello), { scope: parts }).done
  return { line: log.lines[0] ?? '', fields: log.fields[0] ?? {} }
}

describe('a line of the access log', () => {
  it('is at info, with the request, the response, and the duration', async () => {
    await using log = await logged(hello)
    await log.client.post('/tickets/7')
    expect(log.lines).toEqual(['info: POST /tickets/7 200'])
    expect(log.fields).toEqual([
      {
        client: '127.0.0.1:49152',
        method: 'POST',
        path: '/tickets/7',
        status: 200,
        bytes: 5,
        outcome: 'complete',
        durationMs: expect.any(Number),
      },
    ])
  })

  it('has the path that the client sent, without the query', async () => {
    await using log = await logged(hello)
    await log.client.get('/a%20b/%2e?password=1')
    expect(log.lines).toEqual(['info: GET /a%20b/%2e 200'])
  })

  it('has an IPv6 client in brackets, and null without an address', async () => {
    expect((await lineOf({ client: ['::1', 80] })).fields['client']).toBe('[::1]:80')
    expect((await lineOf({ client: null })).fields['client']).toBeNull()
  })

  it('leaves out a port that a proxy did not tell', async () => {
    const headers: HttpScope['headers'] = [['x-forwarded-for', '203.0.113.7']]
    const log = recordingLog()
    const app = forwarded()(accessLog({ log })(hello))
    await startCycle(app, { scope: { client: ['127.0.0.1', 80], headers } }).done
    expect(log.fields[0]?.['client']).toBe('203.0.113.7')
  })

  it('escapes characters that could end a line, drive a terminal or look like another field', async () => {
    const { line, fields } = await lineOf({ rawPath: '/a\r\n\x1b[2J "b\\\u{1f600}', method: 'G"T' })
    expect(line).toBe(String.raw`info: G\x22T /a\x0d\x0a\x1b[2J\x20\x22b\x5c\u{1f600} 200`)
    expect(fields['path']).toBe(String.raw`/a\x0d\x0a\x1b[2J\x20\x22b\x5c\u{1f600}`)
  })

  it('is printable ASCII without blanks of the client, for every request', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(text, text, text, async (method, rawPath, host) => {
        const { line, fields } = await lineOf({ method, rawPath, client: [host, 1] })
        expect(line).toMatch(/^info: [!-~]* [!-~]* 200$/)
        expect(fields['client']).toMatch(/^[!-~]*$/)
      }),
      { seed: 11, numRuns: 200 },
    )
  })

  it('escapes so that two different paths never look the same', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(text, text, async (one, other) => {
        fc.pre(one !== other)
        const [left, right] = [await lineOf({ rawPath: one }), await lineOf({ rawPath: other })]
        expect(left.fields['path']).not.toBe(right.fields['path'])
      }),
      { seed: 12, numRuns: 200 },
    )
  })
})

describe('accessLog()', () => {
  it("writes to the server's log by default", async () => {
    const log = recordingLog()
    await using client = await testClient(accessLog()(hello), { log, lifespan: 'off' })
    await client.get('/')
    expect(log.lines).toEqual(['info: GET / 200'])
  })

  it('writes to the log of its option, and not to the log of the server', async () => {
    const serverLog = recordingLog()
    await using log = await logged(hello, { log: serverLog })
    await log.client.get('/')
    expect([log.lines.length, serverLog.lines]).toEqual([1, []])
  })

  it('writes nothing without a log, and leaves lifespan to the app', async () => {
    const calls: unknown[][] = []
    const app = events(async (...call) => void calls.push(call))
    const { receive, send } = new Host()
    const lifespan: Scope = {
      type: 'lifespan',
      asgi: { version: '3.0', specVersion: '2.0' },
      state: {},
    }
    await accessLog()(app)(httpScope(), receive, send)
    await accessLog({ log: recordingLog() })(app)(lifespan, receive, send)
    expect(calls.map(([scope, own]) => [scope, own === receive])).toEqual([
      [httpScope(), true],
      [lifespan, true],
    ])
  })

  it("hands the app the very receive, and the very promises of the server's send", async () => {
    const host = new Host()
    const promises: Array<Promise<void>> = []
    const send = (): Promise<void> => {
      promises.push(Promise.resolve())
      return promises.at(-1) as Promise<void>
    }
    const seen: unknown[] = []
    const app: EventApp = async (_scope, receive, appSend) => {
      await appSend({ type: 'http.response.start', status: 200 })
      seen.push(receive, appSend({ type: 'http.response.body', moreBody: true }))
      seen.push(appSend({ type: 'http.response.body' }))
    }
    await accessLog({ log: recordingLog() })(app)(httpScope(), host.receive, send)
    expect(seen[0]).toBe(host.receive)
    expect(seen[1]).toBe(promises[1])
    expect(seen[2]).toBe(promises[2])
  })

  it('passes on the value that the app returns and the error that it throws', async () => {
    const wrapped = (app: () => Promise<unknown>) =>
      new Host().run(accessLog({ log: recordingLog() })(events(app as never)))
    expect(await wrapped(async () => 'a value')).toBe('a value')
    const error = new Error('no seats')
    await expect(wrapped(() => Promise.reject(error))).rejects.toBe(error)
  })
})
