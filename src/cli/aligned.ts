// The columns of a table on a terminal.

/**
 * Joins the cells of each row to a line, with columns of equal width.
 *
 * @param texts the number of columns at the start that are texts; the others are numbers, and end at the same place
 */
export function aligned(rows: ReadonlyArray<readonly string[]>, texts: number): string[] {
  const [head = []] = rows
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const pad = (cell: string, column: number): string =>
    column < texts ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)
  return rows.map((row) => row.map(pad).join('  ').trimEnd())
}
