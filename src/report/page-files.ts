// The files of the page: HTML, modules of the browser, style, and the library of the charts.

import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pageHtml } from './page-html.ts'
import type { HeaderPairs } from '../contract/events.ts'
import type { Answer } from './answer.ts'

const FOLDER = fileURLToPath(new URL('page', import.meta.url))
const CHART_FILES = new Map([
  ['uplot.js', 'uPlot.iife.min.js'],
  ['uplot.css', 'uPlot.min.css'],
])
/** No separator of paths: a name leads to no other folder. */
const NAME = /^[a-z-]+\.(js|css|svg)$/
const TYPES: Record<string, string> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
}
/** The page has no inline script and no inline style, so an injected one does not run. */
const POLICY =
  "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
const GUARDS: HeaderPairs = [
  ['content-security-policy', POLICY],
  ['cross-origin-resource-policy', 'same-origin'],
  ['referrer-policy', 'no-referrer'],
  ['x-content-type-options', 'nosniff'],
]

/**
 * The file with this name as an answer; the empty name is the page itself. Undefined if there is none.
 *
 * @param control whether the page offers changes of migrations
 */
export async function pageFile(name: string, control: boolean): Promise<Answer | undefined> {
  if (name === '') return found('text/html; charset=utf-8', pageHtml(control))
  const [, extension = ''] = NAME.exec(name) ?? []
  const type = TYPES[extension]
  if (type === undefined) return undefined
  const body = await textOf(name)
  return body === undefined ? undefined : found(type, body)
}

function found(type: string, body: string): Answer {
  return { status: 200, headers: [['content-type', type], ...GUARDS], body }
}

async function textOf(name: string): Promise<string | undefined> {
  try {
    return await readFile(pathOf(name), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function pathOf(name: string): string {
  const chartFile = CHART_FILES.get(name)
  if (chartFile === undefined) return join(FOLDER, name)
  return join(dirname(createRequire(import.meta.url).resolve('uplot')), chartFile)
}
