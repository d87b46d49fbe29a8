// A scenario as rows of text, for the terminal and the pages.

import { medianRatio } from './statistics.ts'
import type { Cell, Row, ScenarioResult } from './report.ts'
import type { Column, Scenario } from './scenarios/scenario.ts'

/** The cells of one variant, the head first. The first number has its spread and its ratio to the control row. */
export function cellsOf(
  scenario: Pick<Scenario, 'columns' | 'control'>,
  { rows }: Pick<ScenarioResult, 'rows'>,
  variant: string,
): string[][] {
  const [first, ...others] = scenario.columns as [Column, ...Column[]]
  const controlName =
    typeof scenario.control === 'string' ? scenario.control : scenario.control[variant]
  const control = rows.find(({ name }) => name === controlName)?.cells[variant]
  const head = ['', first.label, 'least to most', '×', ...others.map(({ label }) => label)]
  const lines = rows.flatMap(({ name, cells }: Row) => {
    const cell = cells[variant]
    if (cell === undefined) return []
    const numbers = others.map((column) => shown(cell.median, column))
    return [
      [
        name,
        shown(cell.median, first),
        spreadOf(cell, first),
        ratioOf(cell, control, first),
        ...numbers,
      ],
    ]
  })
  return [head, ...lines]
}

/** Columns padded to their widest cell: the first to the left, numbers to the right. */
export function textTable(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  )
  const pad = (cell: string, column: number): string =>
    column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)
  return lines.map((line) => line.map(pad).join('  ').trimEnd()).join('\n')
}

/** The rows as Markdown. */
export function markdownTable([head = [], ...lines]: readonly (readonly string[])[]): string {
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'))
  return [head, rule, ...lines].map((line) => `| ${line.join(' | ')} |`).join('\n')
}

/** A number with the digits of its column; a dash if the run does not have it. */
export function shown(numbers: Cell['median'], { number, digits }: Column): string {
  const value = numbers[number]
  // JSON writes NaN and Infinity as null.
  if (typeof value !== 'number' || !Number.isFinite(value)) return '-'
  return value.toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
}

function spreadOf({ least, most }: Cell, column: Column): string {
  return `${shown(least, column)} – ${shown(most, column)}`
}

function ratioOf(cell: Cell, control: Cell | undefined, { number }: Column): string {
  if (control === undefined) return '-'
  const values = ({ rounds }: Cell): number[] => rounds.map((round) => round[number] ?? NaN)
  const ratio = medianRatio(values(cell), values(control))
  return Number.isFinite(ratio) ? ratio.toFixed(2) : '-'
}
