// Where an error was thrown, as file:line, for a message that has one line to say it in.

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const PLACE = String.raw`(file:\/\/\/\S+?|\/[^():]+|[A-Za-z]:\\[^():]+):(\d+)`
const FRAME = new RegExp(String.raw`^ +at (?:async )?(?:.*\()?${PLACE}:\d+\)?$`, 'm')
const FIRST_LINE = new RegExp(`^${PLACE}\n`)
// From here on the stack tells who loads modules, not who threw; the compiler's frames tell nothing at all.
const LOADER = /^ +at .*(?:node:internal\/modules\/| importModule |[\\/]esbuild[\\/])/m
const CHECK_TIMEOUT_MS = 5_000

/** The `file:line` that threw `error` while `entry` was being imported; undefined where nothing tells. */
export function throwSite(error: unknown, entry: string): string | undefined {
  if (!(error instanceof Error)) return undefined

  const stack = error.stack ?? ''
  const [thrower = ''] = stack.split(LOADER, 1)
  const site = siteOf(FRAME.exec(thrower)) ?? siteOf(FIRST_LINE.exec(stack))
  if (site !== undefined || !(error instanceof SyntaxError)) return site
  return checkedSite(entry)
}

// V8 keeps the place of a syntax error in an ES module to itself, until it prints the error and dies.
function checkedSite(entry: string): string | undefined {
  const { stderr } = spawnSync(process.execPath, ['--check', entry], {
    encoding: 'utf8',
    timeout: CHECK_TIMEOUT_MS,
  })
  return siteOf(FIRST_LINE.exec(stderr))
}

function siteOf(match: RegExpExecArray | null): string | undefined {
  if (!match) return undefined
  const [, place = '', line] = match
  const path = place.startsWith('file:') ? fileURLToPath(place) : place
  return `${path}:${line}`
}
