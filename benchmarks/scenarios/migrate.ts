// The latency of clients beside the copies of a migration.

import { steadily } from '../loads/steady.ts'
import { quantile } from '../statistics.ts'
import { isthmus, measured } from './servers.ts'
import type { Scenario, Subject } from './scenario.ts'

/** The rows: a migration without copies, and with one for each request. */
export const ALONE = 'isthmus, migrate without a shadow'
export const SHADOWED = 'isthmus, migrate with a shadow'

/** The compiler of V8 works on the copies and the comparison in the first seconds, in s. */
const WARM_UP_SECONDS = 4

const measure: Subject['measure'] = async (server, perSecond, pace) => {
  const load = (seconds: number): ReturnType<typeof steadily> =>
    steadily(`${server.url}/json`, Number(perSecond), seconds * 1000)
  await load(Math.max(pace.warmUpSeconds, WARM_UP_SECONDS))
  const { answeredMs } = await load(pace.seconds)
  return {
    p99Ms: quantile(answeredMs, 0.99),
    p50Ms: quantile(answeredMs, 0.5),
    maxMs: quantile(answeredMs, 1),
  }
}

export const migrate: Scenario = {
  id: 'migrate',
  title: 'Clients beside the copies of a migration',
  about:
    'Requests arrive at a steady rate at an event app, the old app of a migration. With a shadow each request is copied ' +
    'to a new app that waits 5 ms and gives the same JSON, and the answers are compared; with a baseline a second copy ' +
    'goes to the old app. The clock starts when a request is due.',
  variants: { 200: '200 req/s', 800: '800 req/s' },
  columns: [
    { number: 'p99Ms', label: 'p99 ms', digits: 2 },
    { number: 'p50Ms', label: 'p50 ms', digits: 2 },
    { number: 'maxMs', label: 'max ms', digits: 1 },
  ],
  control: ALONE,
  quick: [],
  subjects: () => {
    const rows = [
      isthmus('migrate without a shadow', 'migrate'),
      isthmus('migrate with a shadow', 'migrate-shadow'),
      isthmus('migrate with a shadow and a baseline', 'migrate-baseline'),
    ]
    return { subjects: measured(rows, measure), skipped: [] }
  },
}
