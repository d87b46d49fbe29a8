// A scenario: its rows, the ways to measure them, and the columns of its tables.

import type { Sharing } from '../cores.ts'
import type { Numbers } from '../report.ts'
import type { HttpLoad } from '../loads/http-request.ts'
import type { Python } from '../python.ts'
import type { ServerProcess } from '../server-process.ts'

/** The tools of a measurement. */
export interface Tools {
  load: HttpLoad
  python: Python | undefined
}

/** The duration of each measurement. */
export interface Pace {
  seconds: number
  warmUpSeconds: number
}

/** One row: a server, to be started anew in every round. */
export interface Subject {
  name: string
  command: readonly string[]
  /**
   * More words of the command line, by variant. The row has only the variants that are named here. For a scenario whose
   * servers are fresh for each variant.
   */
  words?: Readonly<Record<string, readonly string[]>>
  /** The numbers of one variant; the names in the report end with the unit. */
  measure(server: ServerProcess, variant: string, pace: Pace): Promise<Numbers>
}

/** A column of the tables, in every variant. */
export interface Column {
  number: string
  label: string
  /** Digits after the decimal point. */
  digits: number
}

/** One question, asked of several servers. */
export interface Scenario {
  id: string
  title: string
  /** For readers of the results: the measurement and its meaning. */
  about: string
  /** The ways in which each row is measured, with their titles. */
  variants: Readonly<Record<string, string>>
  columns: readonly Column[]
  /** The row with which the others are compared, by the first column; by variant if they differ. */
  control: string | Readonly<Record<string, string>>
  /** The variants of a --quick run; without any the scenario is left out. */
  quick: readonly string[]
  /** The cores of the server. Default: `apart`. */
  sharing?: Sharing
  /** A fresh server for each variant, because the variant before would falsify the next one. */
  isFresh?: boolean
  /** The rows, control rows first, and a line with the remedy for each row that is left out. */
  subjects(tools: Tools): { subjects: Subject[]; skipped: string[] }
}
