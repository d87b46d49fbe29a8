// The place where an error was thrown, as file:line, for a message of one line.

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const PLACE = String.raw`(file:\/\/\/\S+?|\/[^():]+|[A-Za-z]:\\[^():]+):(\d+)`
const FRAME = new RegExp(String.raw`^ +at (?:async )?(?:.*\()?${PLACE}:\d+\)?$`, 'm')
const FIRST_LINE = new RegExp(`^${PLACE}\n`)
// From this frame on, the stack is that of the module loader or of the compiler, and not of the module that threw.
const LOADER = /^ +at .*(?:node:internal\/modules\/| importModule |[\\/]esbuild[\\/])/m
// Python begins each frame in this way.
const PYTHON_FRAME = /^ +File "/m
const CHECK_TIMEOUT_MS = 5_000

/** Returns the `file:line` that threw `error` while `entry` was imported; undefined if it cannot be found. */
export function throwSite(error: unknown, entry: string): string | undefined {
  if (!(error instanceof Error)) return undefined

  const stack = error.stack ?? ''
  const [thrower = ''] = stack.split(LOADER, 1)
  const site = siteOf(FRAME.exec(thrower)) ?? siteOf(FIRST_LINE.exec(stack))
  // The error of a thread has the name of its class, and not the class.
  if (site !== undefined || error.name !== 'SyntaxError') return site
  return checkedSite(entry)
}

/** Returns the stack of `error` without the frames of the module loader; undefined if no frame is left. */
export function ownStack(error: Error): string | undefined {
  const [own = ''] = (error.stack ?? '').split(LOADER, 1)
  return /^ +at /m.test(own) || isOfPython(error) ? own.trimEnd() : undefined
}

/** Whether `error` was raised in Python, and has the traceback as its stack. */
export function isOfPython({ stack }: Error): boolean {
  return PYTHON_FRAME.test(stack ?? '')
}

// An error for wrong syntax in an ES module does not contain the place. Node prints the place when the error ends the
// process, so a second process checks the file.
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
