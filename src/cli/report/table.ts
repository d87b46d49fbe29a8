// A table whose first column is a path, which gives way so that the others fit.

import { aligned } from '../aligned.ts'
import { milliseconds } from '../milliseconds.ts'
import { shortened, WIDTH } from './width.ts'

/** A column: its title and the cell of a row. */
export type Column<Row> = readonly [title: string, cell: (row: Row) => string]

/** The cell of a value that there is none of. */
export const NONE = '-'

/** A time; it is 0 before the first duration. */
export function orNone(ms: number): string {
  return ms === 0 ? NONE : milliseconds(ms)
}

const SHORTEST_PATH = 12

/**
 * Makes a table with a line of titles; none without rows.
 *
 * @param texts the number of columns at the start that are texts
 */
export function table<Row>(
  rows: readonly Row[],
  columns: ReadonlyArray<Column<Row>>,
  texts: number,
): string[] {
  if (rows.length === 0) return []
  const titles = columns.map(([title]) => title)
  const cells = [titles, ...rows.map((row) => columns.map(([, cell]) => cell(row)))]
  const others = aligned(
    cells.map((line) => line.slice(1)),
    texts - 1,
  )
  const width = WIDTH - Math.max(...others.map(({ length }) => length)) - 2
  const paths = cells.map(([path = '']) => shortened(path, Math.max(width, SHORTEST_PATH)))
  return aligned(
    cells.map((line, index) => [paths[index] ?? '', ...line.slice(1)]),
    texts,
  )
}
