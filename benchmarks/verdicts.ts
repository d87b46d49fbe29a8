// Budgets as text.

import { markdownTable, textTable } from './table.ts'
import type { Verdict } from './budgets.ts'

/** A line for each: budget, measured, verdict. */
export function verdictText(verdicts: readonly Verdict[]): string {
  return textTable(linesOf(verdicts))
}

/** The verdicts as Markdown. */
export function verdictMarkdown(verdicts: readonly Verdict[]): string {
  return markdownTable(linesOf(verdicts))
}

function linesOf(verdicts: readonly Verdict[]): string[][] {
  const lines = verdicts.map(({ budget, measured, isMet }) => [
    budget.what,
    `${budget.bound === 'most' ? '≤' : '≥'} ${budget.ratio.toFixed(2)} × ${budget.by}`,
    measured === null ? '-' : measured.toFixed(2),
    verdictOf(isMet),
  ])
  return [['', 'budget', 'measured', 'verdict'], ...lines]
}

/** A verdict as a word. */
export function verdictOf(isMet: boolean | null): string {
  if (isMet === null) return 'not measured'
  return isMet ? 'met' : 'missed'
}
