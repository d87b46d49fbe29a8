// How rows are measured: in turns, each time in a fresh server.

import { existsSync } from 'node:fs'
import { startServer } from './server-process.ts'
import { medians } from './statistics.ts'
import type { Row } from './report.ts'
import type { ServerProcess } from './server-process.ts'

/** A row that is to be measured. */
export interface Subject<Name extends string> {
  name: string
  /** The command line of its server. */
  command: string[]
  measure: (server: ServerProcess) => Promise<Record<Name, number>>
}

/**
 * Measures every subject once in every round, so that whatever slows the machine down slows them all.
 *
 * @param cores where the servers run; see `cores.ts`
 */
export async function inTurns<Name extends string>(
  subjects: readonly Subject<Name>[],
  rounds: number,
  cores: string | null,
): Promise<Row<Record<Name, number>>[]> {
  requireBuild()
  const measured = subjects.map((subject) => ({ subject, rounds: [] as Record<Name, number>[] }))
  for (let round = 1; round <= rounds; round += 1) {
    for (const { subject, rounds: results } of measured) {
      console.error(`round ${round} of ${rounds}: ${subject.name}`)
      results.push(await measureOnce(subject, cores))
    }
  }
  return measured.map(({ subject: { name }, rounds }) => ({
    name,
    rounds,
    result: medians(rounds),
  }))
}

async function measureOnce<Name extends string>(
  { command, measure }: Subject<Name>,
  cores: string | null,
): Promise<Record<Name, number>> {
  const server = await startServer(command, cores)
  try {
    return await measure(server)
  } finally {
    await server.stop()
  }
}

function requireBuild(): void {
  if (existsSync(new URL('../dist/index.js', import.meta.url))) return
  throw new Error(
    'there is no dist: the servers run the built package, so `npm run build` comes first',
  )
}
