// The report of a run: numbers, and the setting in which they were measured.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Cores } from './cores.ts'

/** Numbers by name, as `cpuMicros`: names end with their unit. */
export type Numbers = Readonly<Record<string, number>>

/** One row measured in one way: every round, the median of each number, and how far the rounds are apart. */
export interface Cell {
  rounds: readonly Numbers[]
  median: Numbers
  least: Numbers
  most: Numbers
}

/** One server of a scenario, and its cell for each variant. */
export interface Row {
  name: string
  cells: Readonly<Record<string, Cell>>
}

/** The results of one scenario. */
export interface ScenarioResult {
  id: string
  rows: readonly Row[]
}

/** The setting of the run. */
export interface Setting {
  date: string
  commit: string
  machine: string
  /** Load average of the minute before the run, and how many processors there are. */
  busyBefore: number
  processors: number
  /** Other processes that wanted to run, on average, whenever a row was about to begin. */
  busyDuring: number
  /** Versions of the measured packages and of the load. */
  versions: Readonly<Record<string, string>>
  cores: Cores
  seconds: number
  warmUpSeconds: number
  rounds: number
  /** Notes for the reader, such as rows that could not be measured. */
  notes: readonly string[]
}

/** A whole run. */
export interface Report extends Setting {
  scenarios: readonly ScenarioResult[]
}

/** Reads a file of {@link writeReport}. */
export function readReport(file: string | URL): Report {
  return JSON.parse(readFileSync(file, 'utf8')) as Report
}

/** Writes a run to `file`, every number with four significant digits. */
export function writeReport(report: Report, file: string | URL): void {
  const path = file instanceof URL ? fileURLToPath(file) : file
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${JSON.stringify(report, rounded, 2)}\n`)
}

function rounded(_key: string, value: unknown): unknown {
  if (typeof value !== 'number' || Number.isInteger(value)) return value
  return Number(value.toPrecision(Math.abs(value) < 1000 ? 4 : 6))
}

/** The cell of a row; undefined if the run did not measure it. */
export function cellOf(
  report: Pick<Report, 'scenarios'>,
  { scenario, row, variant }: { scenario: string; row: string; variant: string },
): Cell | undefined {
  const result = report.scenarios.find(({ id }) => id === scenario)
  return result?.rows.find(({ name }) => name === row)?.cells[variant]
}
