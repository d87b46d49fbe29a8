// remote() beside nginx and HAProxy: looks at each case with each of them, and writes the results and their page.
//
//   npm run remote:compare -- [--only TEXT] [--proxy NAME]
//
// The options choose cases by a part of their names, and one proxy; the other facts stay. A fact that is not that of the
// run before is a fault, and so is a difference without a reason.

import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { missing, toolEnv } from '../proxies/tools.ts'
import { GROUPS } from './cases/all.ts'
import { lookAt } from './look-at.ts'
import { PAGE, pageOf, readResults, writeResults, wrongReasons } from './results.ts'
import { SUBJECTS } from './subjects.ts'
import type { ComparedCase } from './case.ts'
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
  const known = readResults()
  const results: Results = { versions: versions(), facts: {} }
  const faults: string[] = []
  for (const { title, cases } of GROUPS) {
    const group: Record<string, Facts> = (results.facts[title] = {})
    for (const compared of cases) {
      const { name } = compared
      const before = known.facts[title]?.[name]
      const found = name.includes(only) ? await lookWithEach(compared) : {}
      group[name] = { ...before, ...found } as Facts
      faults.push(...changes(name, found, before))
    }
  }
  writeResults(results)
  writeFileSync(PAGE, pageOf(results))
  faults.push(...wrongReasons(results))
  for (const fault of faults) console.log(`fault: ${fault}`)
  return faults.length === 0 ? 0 : 1
}

async function lookWithEach(compared: ComparedCase): Promise<Partial<Facts>> {
  const found: Partial<Facts> = {}
  console.log(compared.name)
  for (const subject of subjects) {
    const fact = await lookAt(subject, compared)
    console.log(`  ${subject}: ${fact}`)
    found[subject] = fact
  }
  return found
}

function changes(name: string, found: Partial<Facts>, before: Facts | undefined): string[] {
  return Object.entries(found).flatMap(([subject, fact]) => {
    const was = before?.[subject as SubjectName]
    return fact === was ? [] : [`${name}: ${subject}: "${fact}" in place of "${was}"`]
  })
}

function versions(): Record<string, string> {
  return { Node: process.versions.node, nginx: versionOf('nginx'), HAProxy: versionOf('haproxy') }
}

function versionOf(program: Exclude<SubjectName, 'isthmus'>): string {
  const { stdout, stderr } = spawnSync(program, ['-v'], { env: toolEnv(), encoding: 'utf8' })
  return /\d+\.\d+\.\d+/.exec(stdout + stderr)?.[0] ?? 'unknown'
}
