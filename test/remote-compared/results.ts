// The facts of the last run of `npm run remote:compare`, and the page that is made of them.

import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { GROUPS } from './cases/all.ts'
import { REASONS } from './reasons.ts'
import { SUBJECTS } from './subjects.ts'
import type { ComparedCase } from './case.ts'
import type { SubjectName } from './subjects.ts'

/** The fact of each proxy. */
export type Facts = Record<SubjectName, string>

/** A run: the versions, and the facts by group and case. */
export interface Results {
  versions: Record<string, string>
  facts: Record<string, Record<string, Facts>>
}

const FILE = fileURLToPath(new URL('results.json', import.meta.url))
/** The page of the table. */
export const PAGE: string = fileURLToPath(new URL('../../docs/remote-compared.md', import.meta.url))

/** The facts of the last run. */
export function readResults(): Results {
  return JSON.parse(readFileSync(FILE, 'utf8')) as Results
}

/** Keeps the facts of a run. */
export function writeResults(results: Results): void {
  writeFileSync(FILE, `${JSON.stringify(results, null, 2)}\n`)
}

/** The cases whose reason is missing, or not needed: a fact of isthmus that differs from both others has one. */
export function wrongReasons({ facts }: Results): string[] {
  return GROUPS.flatMap(({ title, cases }) =>
    cases.flatMap(({ name }) => {
      const found = facts[title]?.[name]
      const why = REASONS[title]?.[name]
      if (found === undefined) return [`${name}: not in the results`]
      const isAlone = found.isthmus !== found.nginx && found.isthmus !== found.haproxy
      if (isAlone && why === undefined) return [`${name}: it differs from both, without a reason`]
      return !isAlone && why !== undefined ? [`${name}: a reason, and no difference`] : []
    }),
  )
}

/** The page as Markdown. */
export function pageOf(results: Results): string {
  const { versions } = results
  return (
    [
      '# remote() beside nginx and HAProxy',
      `The view of a client and of an upstream on each proxy, in the same cases: ${SUBJECTS.map((name) => LABELS[name]).join(', ')}. The upstream and the client are scripts that send and read bytes. \`npm run remote:compare\` repeats every case and writes this page; the facts of isthmus are also asserted by the tests. A reason follows each table where isthmus does as neither of the others does.`,
      `The versions: ${Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(
          ', ',
        )}. nginx and HAProxy are configured as their documentation shows a reverse proxy with connections that stay open: nginx with \`proxy_http_version 1.1\`, \`keepalive\`, \`Host\`, \`Upgrade\` and \`X-Forwarded-*\` set; HAProxy with \`option forwardfor\`, \`option redispatch 1\`, \`retries 3\` and \`http-reuse safe\`. Both can be configured to do other things in many of these cases, as [remote()](remote.md) can. PROXY and TARGET are ports.`,
      ...GROUPS.flatMap(({ title, cases }) => [
        `## ${title}`,
        tableOf(cases, results.facts[title] ?? {}),
        ...reasonsOf(title),
      ]),
    ].join('\n\n') + '\n'
  )
}

const LABELS: Facts = { isthmus: 'isthmus `remote()`', nginx: 'nginx', haproxy: 'HAProxy' }

function tableOf(cases: readonly ComparedCase[], facts: Record<string, Facts>): string {
  const rows = cases.map(({ name }) => {
    const found = facts[name]
    return [name, ...SUBJECTS.map((subject) => found?.[subject] ?? '-')]
  })
  const head = ['', ...SUBJECTS.map((subject) => LABELS[subject])]
  const rule = head.map(() => '---')
  return [head, rule, ...rows.map((row) => row.map(escaped))]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n')
}

function reasonsOf(title: string): string[] {
  const reasons = Object.entries(REASONS[title] ?? {})
  const lines = reasons.map(([name, why]) => `- *${escaped(name)}*: ${why}`)
  return lines.length > 0 ? [lines.join('\n')] : []
}

function escaped(text: string): string {
  return text.replace(/[|\\*_<>`]/g, (character) => `\\${character}`)
}
