// isthmus report: prints the figures of a running server, once or each second.

import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { readReport } from '../read-report.ts'
import { reportText } from './text.ts'
import type { Report } from '../../contract/report.ts'
import type { ReportCommand } from '../args.ts'

const REFRESH_MS = 1_000
// Moves to the top left corner, and clears the terminal from there.
const CLEAR = '\u001B[H\u001B[2J\u001B[3J'

/**
 * Writes the report to stdout. With `watch` it goes on until the server ends, which is an error, or until the reader of
 * stdout has gone.
 */
export async function reportCommand({ control, json, watch }: ReportCommand): Promise<void> {
  const print = json ? jsonText : reportText
  if (!watch) return void process.stdout.write(print(await readReport(control)))

  const clear = process.stdout.isTTY && !json ? CLEAR : ''
  const left = once(process.stdout, 'error').then(() => true)
  for (let isLeft = false; !isLeft; isLeft = await Promise.race([left, sleep(REFRESH_MS, false)])) {
    process.stdout.write(clear + print(await readReport(control)))
  }
}

function jsonText(report: Report): string {
  return `${JSON.stringify(report)}\n`
}
