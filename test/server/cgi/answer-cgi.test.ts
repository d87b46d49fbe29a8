// One request of CGI, with streams of the test.

import { PassThrough } from 'node:stream'
import { events, sync } from 'isthmus'
import { describe, expect, it } from 'vitest'
import { LifespanError } from '../../../src/errors.ts'
import { answerCgi } from '../../../src/server/cgi/answer-cgi.ts'
import { SILENT_LOG } from '../../../src/silent-log.ts'
import { deferred } from '../../../src/waiting/deferred.ts'
import { answer, httpApp, readAll, soon } from '../../raw/served.ts'
import type { HostedApp } from 'isthmus'
import type { ServeOptions } from '../../../src/server/options.ts'

const ENVIRONMENT = {
  GATEWAY_INTERFACE: 'CGI/1.1',
  REQUEST_METHOD: 'GET',
  SERVER_PROTOCOL: 'HTTP/1.1',
  SERVER_NAME: 'example.test',
  SERVER_PORT: '80',
  SCRIPT_NAME: '/cgi-bin/app',
  PATH_INFO: '/a b',
  QUERY_STRING: 'q=1',
}

interface Asked {
  app: HostedApp
  environment?: Record<string, string>
  input?: string
  options?: ServeOptions
  signal?: AbortSignal
}

async function ask({ app, environment = {}, input = '', options = {}, signal }: Asked): Promise<{
  isWhole: boolean
  text: string
}> {
  const streams = { input: new PassThrough(), output: new PassThrough() }
  let text = ''
  streams.output.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')))
  streams.input.end(input)
  const parts = {
    ...streams,
    environment: { ...ENVIRONMENT, ...environment },
    signal: signal ?? new AbortController().signal,
    log: SILENT_LOG,
  }
  const isWhole = await answerCgi(app, parts, { lifespan: 'off', ...options })
  // The stream passes its bytes on in a later turn.
  await new Promise((resolve) => setImmediate(resolve))
  return { isWhole, text }
}

const half = httpApp(async (_scope, _receive, send) => {
  await send({ type: 'http.response.start', status: 200, headers: [] })
  await send({ type: 'http.response.body', body: 'half', moreBody: true })
  throw new Error('the app breaks off')
})

describe('a request', () => {
  it('gets a head with a status, and no field of the web server', async () => {
    const app = httpApp((_scope, _receive, send) => answer(send, 'hello'))
    expect(await ask({ app })).toEqual({
      isWhole: true,
      text: 'Status: 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n\r\nhello',
    })
  })

  it('finds the script at its root path', async () => {
    const app = sync(function* (environ, startResponse) {
      startResponse('200 OK', [])
      yield [environ.SCRIPT_NAME, environ.PATH_INFO, environ.QUERY_STRING].join('|')
    })
    expect((await ask({ app })).text).toMatch(/\r\n\r\n\/cgi-bin\/app\|\/a b\|q=1$/)
  })

  it('takes as many bytes as CONTENT_LENGTH announces', async () => {
    const app = httpApp(async (_scope, receive, send) => answer(send, await readAll(receive)))
    const environment = { REQUEST_METHOD: 'POST', CONTENT_LENGTH: '5' }
    expect((await ask({ app, environment, input: 'hello and more' })).text).toMatch(
      /\r\n\r\nhello$/,
    )
  })

  it('whose body is cut is one of a client that has left', async () => {
    const left = deferred<string>()
    const app = httpApp(async (_scope, receive) => left.resolve((await receive()).type))
    const environment = { REQUEST_METHOD: 'POST', CONTENT_LENGTH: '5' }
    const { isWhole, text } = await ask({ app, environment })
    expect({ isWhole, text }).toEqual({ isWhole: false, text: '' })
    expect(await soon(left.promise, 'the event')).toBe('http.disconnect')
  })

  it.each([
    [{ REQUEST_METHOD: '' }, 'Status: 400 Bad Request'],
    [{ CONTENT_LENGTH: '1e3' }, 'Status: 400 Bad Request'],
    [{ PATH_INFO: `/${'x'.repeat(9_000)}` }, 'Status: 414 URI Too Long'],
    [{ PATH_INFO: '/\0' }, 'Status: 400 Bad Request'],
  ])('with %j is refused', async (environment, status) => {
    const { isWhole, text } = await ask({ app: half, environment })
    expect({ isWhole, status: text.split('\r\n', 1)[0] }).toEqual({ isWhole: true, status })
  })

  it('above maxBodyBytes gets 413', async () => {
    const app = httpApp(async (_scope, receive, send) => answer(send, await readAll(receive)))
    const environment = { REQUEST_METHOD: 'POST', CONTENT_LENGTH: '5' }
    const { text } = await ask({ app, environment, input: 'hello', options: { maxBodyBytes: 4 } })
    expect(text).toMatch(/^Status: 413 /)
  })
})

describe('the end', () => {
  it('of a response that breaks off is no whole one', async () => {
    expect((await ask({ app: half })).isWhole).toBe(false)
  })

  it('comes when the web server ends the process', async () => {
    const stop = new AbortController()
    const app = httpApp(async (_scope, receive) => {
      await receive()
      stop.abort()
      for (;;) if ((await receive()).type === 'http.disconnect') return
    })
    expect(await ask({ app, signal: stop.signal })).toEqual({ isWhole: false, text: '' })
  })

  it('comes after the shutdown of the app, which has started before', async () => {
    const steps: string[] = []
    const app = events(async (scope, receive, send) => {
      if (scope.type === 'lifespan') {
        await receive()
        steps.push('startup')
        await send({ type: 'lifespan.startup.complete' })
        await receive()
        steps.push('shutdown')
        await send({ type: 'lifespan.shutdown.complete' })
        return
      }
      steps.push(scope.type)
      await answer(send, 'hello')
    })
    await ask({ app, options: { lifespan: 'on' } })
    expect(steps).toEqual(['startup', 'http', 'shutdown'])
  })

  it('comes without a response if the app does not start', async () => {
    const app = events(() => Promise.reject(new Error('no')))
    await expect(ask({ app, options: { lifespan: 'on' } })).rejects.toThrow(LifespanError)
  })
})
