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
  const report = (await askControl(path, { method: 'GET', target: '/report' })) as Report
  if (report.version === VERSION) return report
  const given = String(report.version)
  throw new Error(
    `${path} answers with version ${given} of the report, and this command knows ${VERSION}; use the isthmus of the server`,
  )
}
