// The answer to a scrape.

import { AppLoadError } from '../../errors.ts'
import { json } from '../answer.ts'
import { loadPrometheus } from './prometheus.ts'
import type { Report } from '../../contract/report.ts'
import type { Answer } from '../answer.ts'

/** The metrics of `report`; 501 without prom-client. */
export async function metricsAnswer(report: Report): Promise<Answer> {
  try {
    const { contentType, text } = await loadPrometheus()
    return { status: 200, headers: [['content-type', contentType]], body: await text(report) }
  } catch (error) {
    if (error instanceof AppLoadError) return json(501, { error: error.message })
    throw error
  }
}
