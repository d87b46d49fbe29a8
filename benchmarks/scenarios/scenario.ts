// What a scenario is: rows to be measured, in which ways, and how they are shown.

import type { Sharing } from '../cores.ts'
import type { Numbers } from '../report.ts'
import type { HttpLoad } from '../loads/http-request.ts'
import type { Python } from '../python.ts'
import type { ServerProcess } from '../server-process.ts'

/** What a scenario may measure with. */
export interface Tools {
  load: HttpLoad
  python: Python | undefined
}

/** How long each measurement takes. */
export interface Pace {
  seconds: number
  warmUpSeconds: number
}

/** One row: a server, to be started anew in every round. */
export interface Subject {
  name: string
  command: readonly string[]
  /** The numbers of one variant; what stands in the report ends with its unit. */
  measure(server: ServerProcess, variant: string, pace: Pace): Promise<Numbers>
}

/** A column of the tables, in every variant. */
export interface Column {
  number: string
  label: string
  /** Digits behind the point. */
  digits: number
}

/** One question, asked of several servers. */
export interface Scenario {
  id: string
  title: string
  /** For whoever reads the results: what is measured, and what that says. */
  about: string
  /** The ways in which every row is measured, and how they are called. */
  variants: Readonly<Record<string, string>>
  columns: readonly Column[]
  /** The row that the others are compared with, in the first column. */
  control: string
  /** The variants that are worth their time under --quick; none leaves the scenario out. */
  quick: readonly string[]
  /** Where the server runs; `apart` unless it says otherwise. */
  sharing?: Sharing
  /** A fresh server for every variant: what the one before leaves behind would falsify the next. */
  isFresh?: boolean
  /** The rows, control rows first, and what had to be left out with the remedy. */
  subjects(tools: Tools): { subjects: Subject[]; skipped: string[] }
}
