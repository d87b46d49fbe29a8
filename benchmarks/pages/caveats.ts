// What has to be said about the run itself.

import type { Report } from '../report.ts'

const FEW_ROUNDS = 3
const FEW_SECONDS = 1
const BUSY = 0.25

/** One sentence for each reason to distrust the numbers of a run. */
export function caveatsOf({ rounds, seconds, busyBefore, processors, commit }: Report): string[] {
  return [
    ...(rounds < FEW_ROUNDS || seconds < FEW_SECONDS
      ? [
          `This was a short run, ${rounds} × ${seconds} s a row: it shows the page, not the servers.`,
        ]
      : []),
    ...(busyBefore / processors > BUSY
      ? [
          `The machine was busy with other work: a load average of ${busyBefore.toFixed(1)} before the run, on ` +
            `${processors} processors.`,
        ]
      : []),
    ...(commit.endsWith('-dirty') ? ['The sources were not those of a commit.'] : []),
  ]
}
