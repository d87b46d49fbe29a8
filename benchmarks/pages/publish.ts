// The pages and charts of a run, as files.

import { readFileSync, writeFileSync } from 'node:fs'
import { readReport, writeReport } from '../report.ts'
import { svgOf } from './chart.ts'
import { CHARTS, EXPRESS } from './charts.ts'
import { withExpress } from './express-section.ts'
import { svgName } from './picture.ts'
import { withSection } from './readme-section.ts'
import { resultsPage } from './results-page.ts'
import type { Report } from '../report.ts'
import type { Chart } from './chart.ts'

const RESULTS = new URL('../results/', import.meta.url)
const README = new URL('../../README.md', import.meta.url)

/** The published run. */
export const RESULTS_JSON: URL = new URL('results.json', RESULTS)

/** The run of the scenarios with Express: `npm run bench -- --only adapters,throughput,beside-express --json`. */
export const EXPRESS_JSON: URL = new URL('express.json', RESULTS)

/** Writes results.json, then all files that it makes. */
export function publish(report: Report): void {
  writeReport(report, RESULTS_JSON)
  writePages()
}

/** Writes charts, RESULTS.md and the README's sections from results.json and express.json. */
export function writePages(): void {
  for (const [file, text] of pagesOf(readReport(RESULTS_JSON), readReport(EXPRESS_JSON)))
    writeFileSync(file, text)
}

/** The files that the two runs make, each with its text. */
export function pagesOf(
  report: Report,
  express: Report,
): Array<readonly [file: URL, text: string]> {
  return [
    ...CHARTS.flatMap((chart) => filesOf(chart, report)),
    ...filesOf(EXPRESS, express),
    [new URL('RESULTS.md', RESULTS), resultsPage(report)],
    [README, withExpress(withSection(readFileSync(README, 'utf8'), report), express)],
  ]
}

function filesOf(chart: Chart, report: Report): Array<readonly [file: URL, text: string]> {
  return (['light', 'dark'] as const).flatMap((theme) => {
    const svg = svgOf(chart, report, theme)
    return svg === undefined ? [] : [[new URL(svgName(chart, theme), RESULTS), svg] as const]
  })
}
