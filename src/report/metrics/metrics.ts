// metrics(): an app that answers the scrapes of Prometheus.

import { figuresOf } from '../../async/exchange-context.ts'
import { answering, json, noFigures } from '../answer.ts'
import { liveControl } from '../control/live-control.ts'
import { loadPrometheus } from './prometheus.ts'
import type { EventApp, HttpScope, Receive, Send } from '../../contract/events.ts'
import type { Answer } from '../answer.ts'

const READ = ['GET', 'HEAD']

/**
 * Makes an app for a mount table that answers with the figures of its server, in the text format of Prometheus. The server
 * needs the option `figures`; without it the answer is 503. The package prom-client has to be installed: without it the
 * server does not start. Each client that reaches the mount can read the figures.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 *
 * @example
 * await serve(mount({ '/metrics': metrics(), '/': app }), { figures: true })
 */
export function metrics(): EventApp {
  return metricsOf(async (scope) => {
    if (figuresOf(scope) === undefined) return noFigures()
    return liveControl(scope, { method: 'GET', path: '/metrics', body: '' })
  })
}

/**
 * Makes an app that answers with metrics.
 *
 * @param metricsAnswer is called at each scrape
 */
export function metricsOf(metricsAnswer: (scope: HttpScope) => Promise<Answer>): EventApp {
  const answer = answering(async (scope): Promise<Answer> => {
    if (!READ.includes(scope.method)) {
      return json(405, { error: `metrics are read with ${READ.join(', ')}` }, [
        'allow',
        READ.join(', '),
      ])
    }
    return metricsAnswer(scope)
  })
  return async function metricsApp(scope, receive, send) {
    return scope.type === 'lifespan' ? start(receive, send) : answer(scope, receive, send)
  }
}

// A server without prom-client fails at its start, and not at the first scrape.
async function start(receive: Receive, send: Send): Promise<void> {
  await receive()
  try {
    await loadPrometheus()
  } catch (error) {
    return send({ type: 'lifespan.startup.failed', message: (error as Error).message })
  }
  await send({ type: 'lifespan.startup.complete' })
  await receive()
  await send({ type: 'lifespan.shutdown.complete' })
}
