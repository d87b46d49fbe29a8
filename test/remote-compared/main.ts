// remote() beside nginx and HAProxy: looks at each case with each of them, and writes the results and their page.
//
//   npm run remote:compare -- [--only TEXT] [--proxy NAME]
//
// With an option it prints, and writes nothing. A fact that is not that of the run before is a fault.

import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { missing, toolEnv } from '../proxies/tools.ts'
import { GROUPS } from './cases/all.ts'
import { lookAt } from './look-at.ts'
import { PAGE, pageOf, readResults, writeResults, wrongReasons } from './results.ts'
import { SUBJECTS } from './subjects.ts'
import type { Facts, Results } from './results.ts'
import type { SubjectName } from './subjects.ts'

const { values } = parseArgs({ options: { only: { type: 'string' }, proxy: { type: 'string' } } })
const { only = '', proxy } = values
const subjects = SUBJECTS.filter((name) => proxy === undefined || name === proxy)
const lacks = subjects.flatMap((name) => (name === 'isthmus' ? [] : (missing(name) ?? [])))

process.exitCode = lacks.length > 0 ? refuse(lacks) : await compare()
// A WebSocket of a case may have a timer that is still to come.
process.exit()

function refuse(lines: readonly string[]): number {
  console.error(lines.map((line) => `remote:compare: ${line}`).join('\n'))
  return 2
}

async function compare(): Promise<number> {
  const facts: Results['facts'] = {}
  const faults: string[] = []
  const known = readResults()
  for (const { title, cases } of GROUPS) {
    const group: Record<string, Facts> = {}
    for (const compared of cases.filter(({ name }) => name.includes(only))) {
      const found: Partial<Facts> = {}
      for (const subject of subjects) found[subject] = await lookAt(subject, compared)
      group[compared.name] = found as Facts
      print(compared.name, found)
      faults.push(...changes(compared.name, found, known.facts[title]?.[compared.name]))
    }
    facts[title] = group
  }
  const results = { versions: versions(), facts }
  if (only === '' && proxy === undefined) faults.push(...keep(results))
  for (const fault of faults) console.log(`fault: ${fault}`)
  return faults.length === 0 ? 0 : 1
}

function keep(results: Results): string[] {
  writeResults(results)
  writeFileSync(PAGE, pageOf(results))
  return wrongReasons(results)
}

function changes(name: string, found: Partial<Facts>, before: Facts | undefined): string[] {
  return Object.entries(found).flatMap(([subject, fact]) => {
    const was = before?.[subject as SubjectName]
    return fact === was ? [] : [`${name}: ${subject}: "${fact}" in place of "${was}"`]
  })
}

function print(name: string, found: Partial<Facts>): void {
  console.log(name)
  for (const [subject, fact] of Object.entries(found)) console.log(`  ${subject}: ${fact}`)
}

function versions(): Record<string, string> {
  return { Node: process.versions.node, nginx: versionOf('nginx'), HAProxy: versionOf('haproxy') }
}

function versionOf(program: Exclude<SubjectName, 'isthmus'>): string {
  const { stdout, stderr } = spawnSync(program, ['-v'], { env: toolEnv(), encoding: 'utf8' })
  return /\d+\.\d+\.\d+/.exec(stdout + stderr)?.[0] ?? 'unknown'
}
