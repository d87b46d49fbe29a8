// Sends generated requests through a shadow, and returns its findings.

import { migrate } from '../../src/migrate.ts'
import { testClient } from '../../src/testing/test-client.ts'
import { seeded } from './apps.ts'
import { shop } from './shop.ts'
import type { MismatchReport, ShadowReport } from '../../src/migrate.ts'

const AT_ONCE = 50

/** The report of the shadow, and the mismatches that stood, as `GET /orders/#: body /total`. */
export interface Result {
  shadow: ShadowReport
  stood: string[]
}

/** Runs the shop through a shadow, with or without a baseline. */
export async function tenThousand(baseline: boolean, count: number): Promise<Result> {
  const stood = new Set<string>()
  const onMismatch = ({ method, differences }: MismatchReport): void => {
    for (const { part } of differences) stood.add(`${method} /orders/#: ${foldedPart(part)}`)
  }
  const app = migrate({
    from: shop(false, seeded(1)),
    to: shop(true, seeded(2)),
    shadow: { baseline, concurrency: AT_ONCE },
    onMismatch,
  })
  const next = seeded(3)
  {
    await using client = await testClient(app)
    for (let sent = 0; sent < count; sent += AT_ONCE) {
      const ids = Array.from({ length: AT_ONCE }, () => Math.floor(next() * 1e6))
      await Promise.all(ids.map((id) => client.get(`/orders/${id}`)))
      await compared(() => app.report().shadow, sent + AT_ONCE)
    }
  }
  return { shadow: app.report().shadow as ShadowReport, stood: [...stood].toSorted() }
}

function foldedPart(part: string): string {
  return part.replaceAll(/\d+/g, '#')
}

/** Waits until the shadow has compared `count` requests, at most ten seconds. */
async function compared(report: () => ShadowReport | null, count: number): Promise<void> {
  const end = Date.now() + 10_000
  while ((report()?.compared ?? 0) < count) {
    if (Date.now() > end) throw new Error(`not compared: ${JSON.stringify(report())}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
