// The answer to a scrape.

import { AppLoadError } from '../../errors.ts'
import { json } from '../answer.ts'
import { loadPrometheus } from './prometheus.ts'
import type { Report } from '../../contract/report.ts'
import type { Answer } from '../answer.ts'
import type { ProcessMetrics } from './prometheus.ts'

/**
 * The metrics of `report`; 501 without prom-client.
 *
 * @param workers the metrics of the processes of the workers; null for a server in one process
 */
export async function metricsAnswer(
  report: Report,
  workers: ReadonlyMap<string, ProcessMetrics> | null = null,
): Promise<Answer> {
  try {
    const prometheus = await loadPrometheus()
    const body = await prometheus.text(report, workers)
    return { status: 200, headers: [['content-type', prometheus.contentType]], body }
  } catch (error) {
    if (error instanceof AppLoadError) return json(501, { error: error.message })
    throw error
  }
}
