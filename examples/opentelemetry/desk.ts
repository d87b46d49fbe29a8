// An async-iterable app that makes a span of its own for its work.

import { SpanStatusCode, trace } from '@opentelemetry/api'
import { setTimeout as sleep } from 'node:timers/promises'
import { iterable } from 'isthmus'
import type { IterableApp } from 'isthmus'

/** Answers with the free seats. `/fail` fails. */
export const desk: IterableApp = iterable(async function* (environ, startResponse) {
  if (environ.PATH_INFO === '/fail') throw new Error('the ledger is closed')

  const seats = await traced('count seats', async () => {
    await sleep(5)
    return 42
  })
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  yield `${seats} seats are free\n`
})

async function traced<Value>(name: string, work: () => Promise<Value>): Promise<Value> {
  return trace.getTracer('desk').startActiveSpan(name, async (span) => {
    try {
      return await work()
    } catch (error) {
      span.recordException(error as Error)
      span.setStatus({ code: SpanStatusCode.ERROR })
      throw error
    } finally {
      span.end()
    }
  })
}
