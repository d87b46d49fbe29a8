// The answer to a scrape.

import { AppLoadError } from '../../errors.ts'
import { json } from '../answer.ts'
import { loadPrometheus } from './prometheus.ts'
import type { Report } from '../../contract/report.ts'
import type { Answer } from '../answer.ts'

/** The metrics of `report`; 501 without prom-client. */
export async function metricsAnswer(report: Report): Promise<Answer> {
  try {
    const prometheus = await loadPrometheus()
    const body = await prometheus.text(report)
    return { status: 200, headers: [['content-type', prometheus.contentType]], body }
  } catch (error) {
    if (error instanceof AppLoadError) return json(501, { error: error.message })
    throw error
  }
}
