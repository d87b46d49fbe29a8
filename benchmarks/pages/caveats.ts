// The reasons to distrust a run.

import type { Report } from '../report.ts'

const FEW_ROUNDS = 3
const FEW_SECONDS = 1
const BUSY = 0.25

/** One sentence for each reason to distrust the numbers of a run. */
export function caveatsOf(report: Report): string[] {
  const { rounds, seconds, busyBefore, busyDuring, processors, commit } = report
  // The load average includes a build or a test that ended before the run and disturbed no measurement. It counts only if
  // the load during the run is unknown.
  const isBusy = Number.isFinite(busyDuring) ? busyDuring > BUSY : busyBefore / processors > BUSY
  return [
    ...(rounds < FEW_ROUNDS || seconds < FEW_SECONDS
      ? [
          `This was a short run, ${rounds} × ${seconds} s a row: it shows the page, not the servers.`,
        ]
      : []),
    ...(isBusy
      ? [
          `The machine was busy with other work: a load average of ${busyBefore.toFixed(1)} before the run, and ` +
            `${busyDuring.toFixed(1)} other processes at work during it, on ${processors} processors.`,
        ]
      : []),
    ...(commit.endsWith('-dirty') ? ['The sources were not those of a commit.'] : []),
  ]
}
