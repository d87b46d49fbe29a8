// The spans of examples/opentelemetry, kept in memory.

import { context, propagation, SpanKind, trace } from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { chain, events, mount } from 'isthmus'
import { beforeEach, describe, expect, it } from 'vitest'
import { contextManager } from '../../examples/opentelemetry/context-manager.ts'
import { desk } from '../../examples/opentelemetry/desk.ts'
import { echo } from '../../examples/opentelemetry/echo.ts'
import { traced, traceRequests } from '../../examples/opentelemetry/tracing.ts'
import { testClient } from '../../src/testing/test-client.ts'
import { wireOf } from '../conformance/socket-host.ts'
import { served } from '../raw/served.ts'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const PARENT = 'b7ad6b7169203331'
const exporter = new InMemorySpanExporter()

// Each can be set once in a process.
context.setGlobalContextManager(contextManager)
trace.setGlobalTracerProvider(
  new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
)
propagation.setGlobalPropagator(new W3CTraceContextPropagator())
traceRequests()

const cut = events(async (scope, _receive, send) => {
  if (scope.type !== 'http') return
  await send({ type: 'http.response.start', status: 200 })
  await send({ type: 'http.response.body', body: 'a', moreBody: true })
  throw new RangeError('out of seats')
})
const app = chain(traced)(mount({ '/live': echo, '/cut': cut, '/': desk }))

beforeEach(() => exporter.reset())

/** The spans of the server. */
function serverSpans(): ReadableSpan[] {
  return exporter.getFinishedSpans().filter(({ kind }) => kind === SpanKind.SERVER)
}

describe('the OpenTelemetry example', () => {
  it('makes a span for a request, whose parent is that of traceparent', async () => {
    await using server = await served(app)
    using client = await server.connect()
    const headers = [`traceparent: 00-${TRACE}-${PARENT}-01`, 'user-agent: curl/8']
    client.send(
      wireOf({ target: '/seats?row=1' }).replace('\r\n\r\n', `\r\n${headers.join('\r\n')}\r\n\r\n`),
    )
    expect((await client.response()).body).toBe('42 seats are free\n')

    const [span] = serverSpans()
    expect(span).toMatchObject({
      name: 'GET',
      kind: SpanKind.SERVER,
      status: { code: 0 },
      parentSpanContext: { traceId: TRACE, spanId: PARENT, isRemote: true },
      attributes: {
        'http.request.method': 'GET',
        'http.response.status_code': 200,
        'url.path': '/seats',
        'url.query': 'row=1',
        'url.scheme': 'http',
        'network.protocol.version': '1.1',
        'server.address': '127.0.0.1',
        'client.address': '127.0.0.1',
        'user_agent.original': 'curl/8',
        'isthmus.outcome': 'complete',
      },
    })
    expect(span?.ended).toBe(true)
  })

  it('makes spans of the app children of that of the request', async () => {
    await using client = await testClient(app)
    await Promise.all([client.get('/a'), client.get('/b')])
    const inner = exporter.getFinishedSpans().filter(({ name }) => name === 'count seats')
    const outer = serverSpans().map((span) => span.spanContext().spanId)
    const parents = inner.map((span) => span.parentSpanContext?.spanId)
    expect(parents).toHaveLength(2)
    expect(new Set(parents)).toEqual(new Set(outer))
  })

  it('makes one span for a WebSocket, from the handshake to the close', async () => {
    await using client = await testClient(app)
    await using session = await client.websocket('/live')
    await session.send('hello')
    expect(await session.receive()).toBe('hello')
    expect(serverSpans()).toEqual([])
    await session.close(3001)
    await session.finished()
    expect(serverSpans()).toMatchObject([
      {
        name: 'GET',
        attributes: {
          'http.response.status_code': 101,
          'url.scheme': 'ws',
          'isthmus.outcome': 'closed',
          'isthmus.websocket.close_code': 3001,
        },
      },
    ])
  })

  it('marks a response with status 500, and one that broke off, as an error', async () => {
    await using client = await testClient(app, { raiseAppErrors: false })
    await client.get('/fail')
    await client.get('/cut').catch(() => undefined)
    expect(serverSpans()).toMatchObject([
      {
        status: { code: 2 },
        attributes: { 'http.response.status_code': 500, 'error.type': '500' },
        events: [
          { name: 'exception', attributes: { 'exception.message': 'the ledger is closed' } },
        ],
      },
      {
        status: { code: 2 },
        attributes: { 'isthmus.outcome': 'aborted', 'error.type': 'aborted' },
        events: [{ name: 'exception', attributes: { 'exception.type': 'RangeError' } }],
      },
    ])
  })

  it('names a span after a method of the standard alone', async () => {
    await using client = await testClient(app)
    await client.request('PROPFIND', '/')
    expect(serverSpans()).toMatchObject([
      { name: '_OTHER', attributes: { 'http.request.method': '_OTHER' } },
    ])
  })
})
