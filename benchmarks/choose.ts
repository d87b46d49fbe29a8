// The scenarios, rows and variants that the options of a run select.

import { rowsOf } from './budgets.ts'
import { PYTHON_REMEDY } from './python.ts'
import { SCENARIOS } from './scenarios/all.ts'
import type { Budget } from './budgets.ts'
import type { Options } from './options.ts'
import type { Scenario, Subject, Tools } from './scenarios/scenario.ts'

/** A scenario that is about to run, with the rows and variants that this run takes. */
export interface Chosen {
  scenario: Scenario
  subjects: readonly Subject[]
  variants: readonly string[]
}

/** The measurements to make, and a line for each row that cannot be measured. */
export function choose(
  tools: Tools,
  options: Options,
  budgets: readonly Budget[],
): { chosen: Chosen[]; skipped: string[] } {
  const skipped = new Set<string>()
  const chosen = SCENARIOS.flatMap((scenario): Chosen[] => {
    if (options.only.length > 0 && !options.only.includes(scenario.id)) return []
    const isAsked = options.only.length > 0
    const all = Object.keys(scenario.variants)
    const quick = scenario.quick.length > 0 || !isAsked ? scenario.quick : all.slice(0, 1)
    const variants = options.isQuick ? quick : all
    const { subjects, skipped: missing } = scenario.subjects(tools)
    const wanted = options.isCheck ? subjects.filter(isBudgeted(scenario, budgets)) : subjects
    if (variants.length === 0) return []
    const isBudget = isBudgetedLine(scenario, budgets)
    for (const line of missing) if (!options.isCheck || isBudget(line)) skipped.add(line)
    return wanted.length === 0 ? [] : [{ scenario, subjects: wanted, variants }]
  })
  // The search for Python takes time, so all scenarios share its result.
  const remedy = skipped.size > 0 ? [`to measure the skipped rows: ${PYTHON_REMEDY}`] : []
  return { chosen, skipped: [...skipped, ...remedy] }
}

function isBudgeted(scenario: Scenario, budgets: readonly Budget[]): (subject: Subject) => boolean {
  const rows = budgetedRows(scenario, budgets)
  return ({ name }) => rows.includes(name)
}

function isBudgetedLine(
  scenario: Scenario,
  budgets: readonly Budget[],
): (skipped: string) => boolean {
  const rows = budgetedRows(scenario, budgets)
  return (skipped) => rows.some((row) => skipped.startsWith(`skipped: ${row}, `))
}

function budgetedRows({ id }: Scenario, budgets: readonly Budget[]): string[] {
  return budgets.filter(({ scenario }) => scenario === id).flatMap(rowsOf)
}
