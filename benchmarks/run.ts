// The benchmarks. npm run bench -- --help

import { existsSync } from 'node:fs'
import { budgetsOn, judge } from './budgets.ts'
import { canPin, pinLoad } from './cores.ts'
import { chooseHttpLoad } from './loads/http-load.ts'
import { measureScenario, stepsOf } from './measure.ts'
import { HELP, listOf, parseOptions } from './options.ts'
import { publish } from './pages/publish.ts'
import { Progress } from './progress.ts'
import { findPython } from './python.ts'
import { writeReport } from './report.ts'
import { SCENARIOS } from './scenarios/all.ts'
import { business, commit, machine, nodeVersions } from './setting.ts'
import { cellsOf, textTable } from './table.ts'
import { verdictText } from './verdicts.ts'
import type { Budget } from './budgets.ts'
import type { Options } from './options.ts'
import type { Report, ScenarioResult, Setting } from './report.ts'
import type { Scenario, Subject, Tools } from './scenarios/scenario.ts'

const SKIP_PINNING = 'not pinned: it takes taskset, and cores 0 and 1; server and load share cores'

/** A scenario that is about to run, with the rows and variants that this run takes. */
interface Chosen {
  scenario: Scenario
  subjects: readonly Subject[]
  variants: readonly string[]
}

try {
  process.exitCode = await main(parseOptions(process.argv.slice(2)))
} catch (error) {
  console.error(`bench: ${(error as Error).message}`)
  process.exitCode = 2
}

async function main(options: Options): Promise<number> {
  if (options.isHelp || options.isList) {
    console.log(options.isHelp ? HELP : listOf())
    return 0
  }
  requireBuild()
  const budgets = budgetsOn(process.version)
  const { load, name, note } = chooseHttpLoad()
  const python = findPython(options.python)
  const { chosen, skipped } = choose({ load, python }, options, budgets)
  const isPinned = !options.isUnpinned && canPin()
  const notes = [...(note ? [note] : []), ...(isPinned ? [] : [SKIP_PINNING]), ...skipped]

  const setting: Setting = {
    date: new Date().toISOString(),
    commit: commit(),
    machine: machine(),
    ...business(),
    versions: { ...nodeVersions(), load: name, ...python?.versions },
    cores: isPinned ? { server: '0', load: '1' } : { server: null, load: null },
    seconds: options.seconds,
    warmUpSeconds: options.warmUpSeconds,
    rounds: options.rounds,
    notes,
  }
  const { scenarios, failures } = await measureAll(chosen, options, isPinned)
  const report: Report = { ...setting, notes: [...notes, ...failures], scenarios }
  return finish(report, { options, budgets, failures })
}

function requireBuild(): void {
  if (existsSync(new URL('../dist/index.js', import.meta.url))) return
  throw new Error(
    'there is no dist: the servers run the built package, so `npm run build` comes first',
  )
}

function choose(
  tools: Tools,
  options: Options,
  budgets: readonly Budget[],
): { chosen: Chosen[]; skipped: string[] } {
  const skipped = new Set<string>()
  const chosen = SCENARIOS.flatMap((scenario): Chosen[] => {
    if (options.only.length > 0 && !options.only.includes(scenario.id)) return []
    const isAsked = options.only.length > 0
    const all = Object.keys(scenario.variants)
    const quick = scenario.quick.length > 0 || !isAsked ? scenario.quick : all.slice(0, 1)
    const variants = options.isQuick ? quick : all
    const { subjects, skipped: missing } = scenario.subjects(tools)
    const wanted = options.isCheck ? subjects.filter(isBudgeted(scenario, budgets)) : subjects
    if (variants.length === 0 || wanted.length === 0) return []
    if (!options.isCheck) for (const line of missing) skipped.add(line)
    return [{ scenario, subjects: wanted, variants }]
  })
  return { chosen, skipped: [...skipped] }
}

function isBudgeted({ id }: Scenario, budgets: readonly Budget[]): (subject: Subject) => boolean {
  const rows = budgets.filter(({ scenario }) => scenario === id).flatMap(({ row, by }) => [row, by])
  return ({ name }) => rows.includes(name)
}

async function measureAll(
  chosen: readonly Chosen[],
  { rounds, seconds, warmUpSeconds }: Options,
  isPinned: boolean,
): Promise<{ scenarios: ScenarioResult[]; failures: string[] }> {
  const steps = chosen.reduce((sum, { subjects }) => sum + stepsOf({ subjects, rounds }), 0)
  const progress = new Progress(steps)
  const scenarios: ScenarioResult[] = []
  const failures: string[] = []
  for (const { scenario, subjects, variants } of chosen) {
    const { server } = pinLoad(isPinned ? (scenario.sharing ?? 'apart') : 'any')
    const outcome = await measureScenario(scenario, {
      subjects,
      variants,
      rounds,
      pace: { seconds, warmUpSeconds },
      serverCores: server,
      onStep: (what) => progress.step(what),
    })
    progress.end()
    print(scenario, outcome.result)
    scenarios.push(outcome.result)
    failures.push(...outcome.failures)
  }
  return { scenarios, failures }
}

function print(scenario: Scenario, result: ScenarioResult): void {
  for (const [variant, label] of Object.entries(scenario.variants)) {
    const [head = [], ...lines] = cellsOf(scenario, result, variant)
    if (lines.length === 0) continue
    const title = `${scenario.id}: ${label}`
    console.log(`\n${textTable([[title, ...head.slice(1)], ...lines])}`)
  }
}

function finish(
  report: Report,
  { options, budgets, failures }: { options: Options; budgets: Budget[]; failures: string[] },
): number {
  const { machine: on, versions, commit: of, seconds, rounds, busyBefore } = report
  console.log(
    `\n${on}, Node ${versions['node']}, commit ${of}, load average before ${busyBefore.toFixed(2)}`,
  )
  console.log(
    `${rounds} × ${seconds} s a row, ${versions['load']}; × is the median ratio to the control row`,
  )
  for (const note of report.notes) console.log(note)

  if (options.json !== undefined) writeReport(report, options.json)
  if (options.isPublish) publish(report)
  const verdicts = judge(report, budgets)
  if (options.isCheck || options.isPublish) console.log(`\n${verdictText(verdicts)}`)
  const isMissed = options.isCheck && verdicts.some(({ isMet }) => isMet === false)
  return isMissed || failures.length > 0 ? 1 : 0
}
