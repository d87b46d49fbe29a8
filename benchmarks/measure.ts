// Measures rows in turns, each time in a fresh server.

import { startServer } from './server-process.ts'
import { acrossRounds, median } from './statistics.ts'
import type { Cell, Numbers, Row, ScenarioResult } from './report.ts'
import type { Pace, Scenario, Subject } from './scenarios/scenario.ts'

/** How a scenario is measured. */
export interface Plan {
  subjects: readonly Subject[]
  variants: readonly string[]
  pace: Pace
  rounds: number
  /** The cores of the servers, as `taskset -c` takes them; null for any. */
  serverCores: string | null
  /** Called before each step. */
  onStep(what: string): void
}

/** The measured rows, and the reasons for rows that are missing. */
export interface Outcome {
  result: ScenarioResult
  failures: string[]
}

/** Servers that are started for a plan. */
export function stepsOf({ subjects, rounds }: Pick<Plan, 'subjects' | 'rounds'>): number {
  return subjects.length * rounds
}

/**
 * Measures each subject once in each round, so that a slow moment of the machine slows all of them. A subject that
 * fails twice is left out, because its row could not be compared.
 */
export async function measureScenario(scenario: Scenario, plan: Plan): Promise<Outcome> {
  const measured = new Map<Subject, Array<Record<string, Numbers>>>()
  const failures = new Map<Subject, string>()
  for (let round = 1; round <= plan.rounds; round += 1) {
    for (const subject of plan.subjects) {
      plan.onStep(`${scenario.id}, round ${round} of ${plan.rounds}: ${subject.name}`)
      if (failures.has(subject)) continue
      try {
        const numbers = await attempt(() => measureOnce(scenario, subject, plan))
        measured.set(subject, [...(measured.get(subject) ?? []), numbers])
      } catch (error) {
        failures.set(
          subject,
          `failed: ${scenario.id}, ${subject.name}: ${(error as Error).message}`,
        )
      }
    }
  }
  const whole = plan.subjects.filter((subject) => !failures.has(subject))
  const rows = whole.map((subject) => rowOf(subject.name, measured.get(subject) ?? []))
  return { result: { id: scenario.id, rows }, failures: [...failures.values()] }
}

/** A machine that is busy may let a short run end before it began; a server that is broken fails again. */
async function attempt<Result>(measure: () => Promise<Result>): Promise<Result> {
  return measure().catch(measure)
}

async function measureOnce(
  scenario: Scenario,
  subject: Subject,
  plan: Plan,
): Promise<Record<string, Numbers>> {
  if (!scenario.isFresh) return measureVariants(subject, plan.variants, plan)
  const each: Array<Record<string, Numbers>> = []
  const { words } = subject
  for (const variant of plan.variants) {
    if (words !== undefined && !(variant in words)) continue
    const command = [...subject.command, ...(words?.[variant] ?? [])]
    each.push(await measureVariants({ ...subject, command }, [variant], plan))
  }
  return Object.assign({}, ...each) as Record<string, Numbers>
}

async function measureVariants(
  subject: Subject,
  variants: readonly string[],
  { serverCores, pace }: Plan,
): Promise<Record<string, Numbers>> {
  const server = await startServer(subject.command, serverCores)
  try {
    const numbers: Record<string, Numbers> = {}
    for (const variant of variants) {
      numbers[variant] = await subject.measure(server, variant, pace)
    }
    return numbers
  } finally {
    await server.stop()
  }
}

function rowOf(name: string, rounds: ReadonlyArray<Record<string, Numbers>>): Row {
  const variants = Object.keys(rounds[0] ?? {})
  const cells = variants.map((variant) => [
    variant,
    cellOfRounds(rounds.map((round) => round[variant] ?? {})),
  ])
  return { name, cells: Object.fromEntries(cells) as Record<string, Cell> }
}

function cellOfRounds(rounds: readonly Numbers[]): Cell {
  return {
    rounds,
    median: acrossRounds(rounds, median),
    least: acrossRounds(rounds, (values) => Math.min(...values)),
    most: acrossRounds(rounds, (values) => Math.max(...values)),
  }
}
