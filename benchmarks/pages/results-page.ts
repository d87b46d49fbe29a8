// RESULTS.md, made from a run.

import { budgetsOn, judge } from '../budgets.ts'
import { SCENARIOS } from '../scenarios/all.ts'
import { cellsOf, markdownTable } from '../table.ts'
import { verdictMarkdown } from '../verdicts.ts'
import { caveatsOf } from './caveats.ts'
import { CHARTS } from './charts.ts'
import { pictureOf } from './picture.ts'
import type { Report, ScenarioResult } from '../report.ts'
import type { Scenario } from '../scenarios/scenario.ts'

const NOT_SAID = `## The limits of these numbers

- They do not predict the speed of your app. The servers here do almost nothing; a database query costs a hundred times more.
- They do not hold for another machine, another version of Node, or a real network: all connections use the loopback, and
  the load runs beside the server. Compare rows of one run, never two runs.
- They do not cover a server with several processes. Each row is one server process, gunicorn one worker, pinned to one core
  if the machine has two; only *throughput* and *apps of Python* use both cores, and the latter have rows with two processes.
- gunicorn sync has no keep-alive: a part of its cost is a new connection for each request. Its gthread workers keep
  connections. A row of isthmus without keep-alive stands beside them.
- Requests a second may be a limit of the load and not of the server. The CPU time of the server process for a request,
  children and all threads included, does not depend on the load; therefore it comes first.
- The features are not equal. The floor reads nothing, and no row logs. isthmus adds \`date\` and \`server\` as node:http adds
  \`date\` and \`keep-alive\`; Fastify, Hono and Express route, and isthmus's app looks at the path by itself.`

const HOW = `## The method, and how to repeat the run

\`\`\`sh
npm install && npm run bench -- --publish     # the whole run: JSON, charts, this page, the README's section
npm run bench -- --only hello --rounds 5      # one scenario, on the terminal
npm run bench -- --check                      # the budgets alone
npm run bench:pages                           # the pages again, from the JSON
\`\`\`

Each row has its own server process, new in each round; the rounds go through the rows in turn, so that a slow moment of the
machine slows all of them. One answer is checked for status and length before the count begins, and a request that
fails fails its row. Figures are medians of the rounds, with the least and the most of the first one; *×* is the median, over
the rounds, of the ratio to the control row of the same round. [results.json](results.json) has every round.`

/** The whole page. */
export function resultsPage(report: Report): string {
  const sections = report.scenarios.map((result) => {
    const scenario = SCENARIOS.find(({ id }) => id === result.id)
    return scenario === undefined ? '' : section(scenario, result)
  })
  return `${[
    '# Results',
    '<!-- Made by `npm run bench:pages` from results.json. Do not edit. -->',
    ...caveatsOf(report).map((caveat) => `> **Not to be quoted.** ${caveat}`),
    settingOf(report),
    `## Budgets\n\n${verdictMarkdown(judge(report, budgetsOn(report.versions['node'] ?? '')))}`,
    ...sections,
    NOT_SAID,
    HOW,
  ].join('\n\n')}\n`
}

function settingOf(report: Report): string {
  const { versions, cores, seconds, warmUpSeconds, rounds } = report
  const { node, isthmus, load, ...others } = versions
  const peers = Object.entries(others).map(([name, version]) => `${name} ${version}`)
  const lines = [
    `- ${report.date}, commit ${report.commit}, isthmus ${isthmus}, Node ${node}`,
    `- ${report.machine}; load average before the run ${report.busyBefore.toFixed(2)}, ` +
      `other processes at work during it ${report.busyDuring.toFixed(2)}`,
    `- ${rounds} rounds of ${seconds} s a row, ${warmUpSeconds} s to warm up; load: ${load}`,
    cores.server === null
      ? '- server and load wherever the system put them'
      : `- server on core ${cores.server}, load on core ${cores.load}`,
    `- beside it: ${peers.join(', ')}`,
    ...report.notes.map((note) => `- ${note}`),
  ]
  return lines.join('\n')
}

function section(scenario: Scenario, result: ScenarioResult): string {
  const charts = CHARTS.filter((chart) => chart.scenario.id === scenario.id)
  const tables = Object.entries(scenario.variants).flatMap(([variant, label]) => {
    const [head = [], ...lines] = cellsOf(scenario, result, variant)
    return lines.length === 0 ? [] : [markdownTable([[label, ...head.slice(1)], ...lines])]
  })
  const pictures = charts.map((chart) => pictureOf(chart, ''))
  return [`## ${scenario.title}`, scenario.about, ...pictures, ...tables].join('\n\n')
}
