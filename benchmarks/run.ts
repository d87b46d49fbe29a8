// The benchmarks. npm run bench -- --help

import { existsSync } from 'node:fs'
import { budgetsOn, judge } from './budgets.ts'
import { choose } from './choose.ts'
import { canPin, pinLoad } from './cores.ts'
import { chooseHttpLoad } from './loads/http-load.ts'
import { moveGibibytes } from './gibibyte.ts'
import { measureScenario, stepsOf } from './measure.ts'
import { HELP, listOf, parseOptions } from './options.ts'
import { publish } from './pages/publish.ts'
import { Progress } from './progress.ts'
import { findPython } from './python.ts'
import { writeReport } from './report.ts'
import { business, commit, machine, nodeVersions, othersRunning } from './setting.ts'
import { cellsOf, textTable } from './table.ts'
import { verdictOf, verdictText } from './verdicts.ts'
import type { Budget } from './budgets.ts'
import type { Chosen } from './choose.ts'
import type { Options } from './options.ts'
import type { Report, ScenarioResult, Setting } from './report.ts'
import type { Scenario } from './scenarios/scenario.ts'

const SKIP_PINNING = 'not pinned: it takes taskset, and cores 0 and 1; server and load share cores'

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

  const setting: Omit<Setting, 'busyDuring'> = {
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
  const { scenarios, failures, busyDuring } = await measureAll(chosen, options, isPinned)
  const report: Report = { ...setting, busyDuring, notes: [...notes, ...failures], scenarios }
  return finish(report, { options, budgets, failures })
}

function requireBuild(): void {
  if (existsSync(new URL('../dist/index.js', import.meta.url))) return
  throw new Error(
    'there is no dist: the servers run the built package, so `npm run build` comes first',
  )
}

async function measureAll(
  chosen: readonly Chosen[],
  { rounds, seconds, warmUpSeconds }: Options,
  isPinned: boolean,
): Promise<{ scenarios: ScenarioResult[]; failures: string[]; busyDuring: number }> {
  const steps = chosen.reduce((sum, { subjects }) => sum + stepsOf({ subjects, rounds }), 0)
  const progress = new Progress(steps)
  const scenarios: ScenarioResult[] = []
  const failures: string[] = []
  const others: number[] = []
  for (const { scenario, subjects, variants } of chosen) {
    const { server } = pinLoad(isPinned ? (scenario.sharing ?? 'apart') : 'any')
    const outcome = await measureScenario(scenario, {
      subjects,
      variants,
      rounds,
      pace: { seconds, warmUpSeconds },
      serverCores: server,
      onStep: (what) => {
        others.push(othersRunning())
        progress.step(what)
      },
    })
    progress.end()
    print(scenario, outcome.result)
    scenarios.push(outcome.result)
    failures.push(...outcome.failures)
  }
  const busyDuring = others.reduce((sum, count) => sum + count, 0) / others.length
  return { scenarios, failures, busyDuring }
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
  const { machine: on, versions, commit: of, seconds, rounds, busyBefore, busyDuring } = report
  console.log(
    `\n${on}, Node ${versions['node']}, commit ${of}, load average before ${busyBefore.toFixed(2)}, ` +
      `others at work ${busyDuring.toFixed(2)}`,
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
  const isHeavy = options.isCheck && options.only.length === 0 && !isWithinMemory()
  return isMissed || isHeavy || failures.length > 0 ? 1 : 0
}

function isWithinMemory(): boolean {
  const transfers = moveGibibytes()
  const lines = transfers.map(({ name, isWithin }) => [name, verdictOf(isWithin)])
  console.log(`\n${textTable([['a gibibyte in the memory of test/memory', 'verdict'], ...lines])}`)
  return transfers.every(({ isWithin }) => isWithin !== false)
}
