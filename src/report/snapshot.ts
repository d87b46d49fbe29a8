// The report of a server at one moment: its figures, and the facts of its apps.

import { performance } from 'node:perf_hooks'
import { adviceOn } from './advice.ts'
import { appReports } from './app-reports.ts'
import type { Report } from '../contract/report.ts'
import type { Figures } from '../figures/figures.ts'

/** Reads the figures of a server. Each call makes a new report. */
export function snapshot(figures: Figures): Report {
  const now = performance.now()
  const uptimeMs = now - figures.startedAt
  const counted: Omit<Report, 'advice'> = {
    version: 1,
    at: new Date().toISOString(),
    uptimeMs,
    process: figures.process(),
    workers: [],
    isComplete: true,
    ...figures.facts.counters(),
    ...appReports(figures, now),
  }
  return { ...counted, advice: adviceOn(counted) }
}
