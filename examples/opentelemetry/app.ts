// An app whose requests are traced. The exporter prints the spans; in production it sends them to a collector.

import { context, propagation, trace } from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import {
  BasicTracerProvider,
  ConsoleSpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { chain, mount } from 'isthmus'
import { contextManager } from './context-manager.ts'
import { desk } from './desk.ts'
import { echo } from './echo.ts'
import { traced, traceRequests } from './tracing.ts'
import type { EventApp } from 'isthmus'

// With @opentelemetry/sdk-node, `new NodeSDK(…).start()` takes the place of these lines.
trace.setGlobalTracerProvider(
  new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(new ConsoleSpanExporter())] }),
)
context.setGlobalContextManager(contextManager)
propagation.setGlobalPropagator(new W3CTraceContextPropagator())
traceRequests()

const app: EventApp = chain(traced)(mount({ '/live': echo, '/': desk }))

export default app
