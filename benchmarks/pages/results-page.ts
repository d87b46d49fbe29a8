// RESULTS.md, made of a run.

import { budgetsOn, judge } from '../budgets.ts'
import { SCENARIOS } from '../scenarios/all.ts'
import { cellsOf, markdownTable } from '../table.ts'
import { verdictMarkdown } from '../verdicts.ts'
import { caveatsOf } from './caveats.ts'
import { CHARTS } from './charts.ts'
import { pictureOf } from './picture.ts'
import type { Report, ScenarioResult } from '../report.ts'
import type { Scenario } from '../scenarios/scenario.ts'

const NOT_SAID = `## What these numbers do not say

- How fast your app is. The servers here do next to nothing; a query of a database costs a hundred times what they cost.
- How servers compare on another machine, another version of Node, or under a real network: everything is on loopback, and
  the load runs beside the server. Compare rows of one run, never two runs.
- How a server with several processes does. Every row is one server process, gunicorn one worker, pinned to one core where
  there are two; *throughput* alone has both cores.
- That req/s is a property of the server: where the load cannot keep up it is one of the load. The CPU time of the server
  process per request, children and all threads included, does not depend on it, and is why it comes first.
- That the features are equal. The floor reads nothing, and no row logs. isthmus adds \`date\` and \`server\` as node:http adds
  \`date\` and \`keep-alive\`; Fastify, Hono and Express route, and isthmus's app looks at the path by itself.`

const HOW = `## How it is measured, and again

\`\`\`sh
npm install && npm run bench -- --publish     # everything again: JSON, charts, this page, the README's section
npm run bench -- --only hello --rounds 5      # one scenario, on the terminal
npm run bench -- --check                      # the budgets alone
npm run bench:pages                           # the pages again, from the JSON
\`\`\`

Every row has a server process of its own, new in every round; the rounds go through the rows in turn, so that whatever slows
the machine slows all of them. One answer is checked for status and length before anything is counted, and a request that
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
    `- ${report.machine}; load average before the run ${report.busyBefore.toFixed(2)}`,
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
