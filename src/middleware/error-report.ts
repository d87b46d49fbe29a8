// The view of an error for a developer: its message, the place where it was thrown, and the lines around.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { parse } from 'error-stack-parser-es'
import { isReloaded, RELOAD_SCRIPT } from '../reload-page.ts'
import type { StackFrame } from 'error-stack-parser-es'
import type { ChainRequest } from '../chain/request.ts'

/** A place in the source. */
interface Place {
  path: string
  line: number
}

const LINES_AROUND = 5
const MAX_SOURCE_BYTES = 1024 * 1024
const STYLE = `body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}
pre{background:#f4f4f2;overflow:auto;padding:1rem}mark{background:#ffe08a;display:block}h1{font-size:1.4rem}
@media(prefers-color-scheme:dark){body{background:#1c1c1a;color:#eee}pre{background:#2a2a27}mark{background:#6b5300;color:#fff}}`

/** The error as text: the output of `inspect`, and the line that threw it. */
export function developmentText(error: unknown): string {
  const place = thrownAt(error)
  const line = place && sourceLines(place).find(({ isThrower }) => isThrower)
  return line
    ? `${inspect(error)}\n\n${place.path}:${place.line}\n  ${line.text.trim()}`
    : inspect(error)
}

/** The error as a page. */
export function developmentPage(request: ChainRequest, { error }: { error: unknown }): string {
  const place = thrownAt(error)
  const title = error instanceof Error ? `${error.name}: ${error.message}` : inspect(error)
  return [
    `<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>${escaped(title)}</title>`,
    `<style>${STYLE}</style>`,
    `<h1>${escaped(title)}</h1>`,
    `<p>${escaped(`${request.method} ${request.rawPath}`)}</p>`,
    place ? sourceBlock(place) : '',
    `<h2>As Node prints it</h2><pre>${escaped(inspect(error))}</pre>`,
    `<p>This page is for development: errorPage({ development: false }) hides the error.</p>`,
    isReloaded() ? RELOAD_SCRIPT : '',
    '</html>\n',
  ].join('\n')
}

function sourceBlock(place: Place): string {
  const lines = sourceLines(place)
  if (lines.length === 0) return ''
  const width = String(lines.at(-1)?.number).length
  const shown = lines.map(({ number, text, isThrower }) => {
    const line = escaped(`${String(number).padStart(width)}  ${text}`)
    return isThrower ? `<mark>${line}</mark>` : `${line}\n`
  })
  return `<h2>${escaped(`${place.path}:${place.line}`)}</h2><pre>${shown.join('')}</pre>`
}

// The first frame that belongs to the app. If all frames belong to packages, it is the first of them.
function thrownAt(error: unknown): Place | undefined {
  if (!(error instanceof Error)) return undefined
  const places = parse(error, { allowEmpty: true }).flatMap(placeOf)
  return places.find(({ path }) => !path.includes('/node_modules/')) ?? places[0]
}

function placeOf({ fileName, lineNumber }: StackFrame): Place[] {
  if (fileName === undefined || lineNumber === undefined) return []
  const isUrl = fileName.startsWith('file:')
  if (!isUrl && !/^(?:\/|[A-Za-z]:\\)/.test(fileName)) return []
  const path = isUrl ? fileURLToPath(fileName.split(/[?#]/, 1)[0] ?? '') : fileName
  return [{ path, line: lineNumber }]
}

interface SourceLine {
  number: number
  text: string
  isThrower: boolean
}

// The file is read again at each failure, because the source changes in development.
function sourceLines({ path, line }: Place): SourceLine[] {
  let source: string
  try {
    source = readFileSync(path, 'utf8')
  } catch {
    return []
  }
  if (source.length > MAX_SOURCE_BYTES) return []
  const from = Math.max(line - LINES_AROUND, 1)
  return source
    .split('\n')
    .slice(from - 1, line + LINES_AROUND)
    .map((text, at) => ({ number: from + at, text, isThrower: from + at === line }))
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`)
}
