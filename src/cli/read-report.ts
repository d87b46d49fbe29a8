// Reads the report of a running server.

import { askControl } from './control-client.ts'
import type { Report } from '../contract/report.ts'

const VERSION: Report['version'] = 1

/**
 * Asks the control socket at `path` for the report.
 *
 * @throws Error with one line that names the remedy if no server of isthmus answers there, or one of another release
 */
export async function readReport(path: string | null): Promise<Report> {
  const asked = { method: 'GET', target: '/report', member: 'version' } as const
  const report = (await askControl(path, asked)) as Report
  if (report.version === VERSION) return report
  throw new Error(
    `the server at ${String(path)} is an isthmus of another release; use its own command`,
  )
}
