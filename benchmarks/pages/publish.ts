// The pages and charts of a run, as files.

import { readFileSync, writeFileSync } from 'node:fs'
import { readReport, writeReport } from '../report.ts'
import { svgOf } from './chart.ts'
import { CHARTS } from './charts.ts'
import { svgName } from './picture.ts'
import { withSection } from './readme-section.ts'
import { resultsPage } from './results-page.ts'
import type { Report } from '../report.ts'

const RESULTS = new URL('../results/', import.meta.url)
const README = new URL('../../README.md', import.meta.url)

/** The published run. */
export const RESULTS_JSON: URL = new URL('results.json', RESULTS)

/** Writes results.json, then all files that it makes. */
export function publish(report: Report): void {
  writeReport(report, RESULTS_JSON)
  writePages()
}

/** Writes charts, RESULTS.md and the README's section from results.json. */
export function writePages(): void {
  for (const [file, text] of pagesOf(readReport(RESULTS_JSON))) writeFileSync(file, text)
}

/** The files that a run makes, each with its text. */
export function pagesOf(report: Report): Array<readonly [file: URL, text: string]> {
  const charts = CHARTS.flatMap((chart) =>
    (['light', 'dark'] as const).flatMap((theme) => {
      const svg = svgOf(chart, report, theme)
      return svg === undefined ? [] : [[new URL(svgName(chart, theme), RESULTS), svg] as const]
    }),
  )
  return [
    ...charts,
    [new URL('RESULTS.md', RESULTS), resultsPage(report)],
    [README, withSection(readFileSync(README, 'utf8'), report)],
  ]
}
