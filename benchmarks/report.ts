// What a benchmark leaves behind: a table for people and a file for machines.

import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { arch, cpus, release, type } from 'node:os'
import { dirname } from 'node:path'
import type { Cores } from './cores.ts'
import type { Options } from './options.ts'

/** One row of a benchmark: its name, every round, and the numbers that stand for them. */
export interface Row<Numbers> {
  name: string
  rounds: Numbers[]
  result: Numbers
}

/** Where and how the rows were measured. */
export interface Setting {
  options: Options
  cores: Cores
  /** What the reader has to know besides. */
  notes: string[]
}

/** Columns padded to their widest cell: the first to the left, numbers to the right. */
export function table(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  )
  const pad = (cell: string, column: number): string =>
    column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)
  return lines.map((line) => line.map(pad).join('  ')).join('\n')
}

/** Writes rows and setting to the file that `--json` names. */
export function writeJson(rows: readonly Row<object>[], setting: Setting): void {
  const { json, seconds, rounds } = setting.options
  if (json === undefined) return

  const report = {
    date: new Date().toISOString(),
    commit: commit(),
    node: process.version,
    machine: `${cpus()[0]?.model.trim()} × ${cpus().length}, ${type()} ${release()} ${arch()}`,
    settings: { seconds, rounds, cores: setting.cores },
    notes: setting.notes,
    rows,
  }
  const rounded = (_key: string, value: unknown): unknown =>
    typeof value === 'number' ? Number(value.toFixed(3)) : value
  mkdirSync(dirname(json), { recursive: true })
  writeFileSync(json, `${JSON.stringify(report, rounded, 2)}\n`)
}

function commit(): string {
  const root = new URL('..', import.meta.url)
  const { stdout } = spawnSync('git', ['describe', '--always', '--dirty'], {
    cwd: root,
    encoding: 'utf8',
  })
  return stdout?.trim() || 'unknown'
}
