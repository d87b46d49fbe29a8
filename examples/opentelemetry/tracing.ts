// A span for each request and each WebSocket of the server, with the attributes of the HTTP conventions of OpenTelemetry.
// It needs @opentelemetry/api alone, and works with every SDK and exporter.

import { subscribe } from 'node:diagnostics_channel'
import {
  context,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import type { Attributes, Context, TextMapGetter } from '@opentelemetry/api'
import type { EventApp, HeaderPairs, HttpScope, ResponseEnd, WebSocketScope } from 'isthmus'

type Exchange = HttpScope | WebSocketScope

// Layers copy the scope; the object in it is the same for all of them.
const contexts = new WeakMap<object, Context>()

/** Begins to make spans. Call it once, after the SDK is set up and before the first request. */
export function traceRequests(): void {
  subscribe('isthmus:request:start', (message) => start((message as { scope: Exchange }).scope))
  subscribe('isthmus:request:end', (message) => {
    const { scope, end } = message as { scope: Exchange; end: ResponseEnd }
    finish(scope, end)
  })
}

/** An event wrap for `chain`: spans that the app makes are children of the span of the request. */
export function traced(app: EventApp): EventApp {
  return (scope, receive, send) => {
    if (scope.type === 'lifespan') return app(scope, receive, send)
    return context.with(contextOf(scope), () => app(scope, receive, send))
  }
}

function start(scope: Exchange): void {
  const parent = propagation.extract(ROOT_CONTEXT, scope.headers, HEADERS)
  const tracer = trace.getTracer('isthmus')
  const options = { kind: SpanKind.SERVER, attributes: attributesOf(scope) }
  const span = tracer.startSpan(methodOf(scope), options, parent)
  contexts.set(keyOf(scope), trace.setSpan(parent, span))
}

function finish(scope: Exchange, { status, outcome, code, error }: ResponseEnd): void {
  const span = trace.getSpan(contextOf(scope))
  if (!span) return
  if (status !== null) span.setAttribute('http.response.status_code', status)
  if (code !== undefined) span.setAttribute('isthmus.websocket.close_code', code)
  span.setAttribute('isthmus.outcome', outcome)

  const isFault = outcome === 'aborted' || (status ?? 0) >= 500
  if (isFault && error instanceof Error) span.recordException(error)
  if (isFault) {
    span.setAttribute('error.type', status !== null && status >= 500 ? String(status) : 'aborted')
    span.setStatus({ code: SpanStatusCode.ERROR })
  }
  span.end()
}

function attributesOf(scope: Exchange): Attributes {
  const { path, queryString, scheme, httpVersion, client, server, headers } = scope
  const [host = '', port] = server ?? []
  return {
    'http.request.method': methodOf(scope),
    'url.path': path,
    ...(queryString !== '' && { 'url.query': queryString }),
    'url.scheme': scheme,
    'network.protocol.version': httpVersion,
    'server.address': host,
    ...(typeof port === 'number' && { 'server.port': port }),
    ...(client && { 'client.address': client[0] }),
    ...(headers.some(isUserAgent) && { 'user_agent.original': headers.find(isUserAgent)?.[1] }),
  }
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'CONNECT', 'TRACE']

// A client can choose any word for its method: the names of spans stay few.
function methodOf(scope: Exchange): string {
  if (scope.type === 'websocket') return 'GET'
  return METHODS.includes(scope.method) ? scope.method : '_OTHER'
}

function isUserAgent([name]: HeaderPairs[number]): boolean {
  return name === 'user-agent'
}

const HEADERS: TextMapGetter<HeaderPairs> = {
  keys: (headers) => headers.map(([name]) => name),
  get(headers, key) {
    const values = headers.filter(([name]) => name === key).map(([, value]) => value)
    return values.length > 1 ? values : values[0]
  },
}

function contextOf(scope: Exchange): Context {
  return contexts.get(keyOf(scope)) ?? context.active()
}

function keyOf(scope: Exchange): object {
  return scope['isthmus.exchange'] ?? scope
}
