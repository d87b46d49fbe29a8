// An app in a process of Python. The process makes the app from a recipe, which a field of the request carries.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SharedPool } from '../python/shared-pool.ts'
import type { EventApp } from 'isthmus'
import type { Recipe } from './in-threads.ts'
import type { Journal } from './sync-apps.ts'

const FOLDER = mkdtempSync(join(tmpdir(), 'isthmus-conformance-'))
const POOLS = {
  // Small enough that an endless response meets the bound soon.
  wsgi: new SharedPool('conformance:wsgi', { buffering: { maxResponseFileBytes: 1024 * 1024 } }),
  asgi: new SharedPool('conformance:asgi'),
}
let last = 0

/** The app of `recipe`, hosted by python(). */
export function inPython(recipe: Recipe, interfaceName: 'wsgi' | 'asgi'): EventApp {
  const crossed = { ...crossedOf(recipe), isLegal: isLegal(recipe) }
  return POOLS[interfaceName].with(crossed)
}

/**
 * Ends the processes.
 *
 * @throws if their logs have lines, such as the complaints of the validator
 */
export async function endPython(): Promise<void> {
  const ends = Promise.all([POOLS.wsgi.end(), POOLS.asgi.end()])
  await ends.finally(() => rmSync(FOLDER, { recursive: true, force: true }))
}

function crossedOf(recipe: Recipe): object {
  switch (recipe.app) {
    case 'endless':
      return { app: 'endless', args: [mirrored(recipe.journal)] }
    case 'gated':
      return { app: 'gated', args: [opened(recipe.gate)] }
    default:
      return recipe
  }
}

/** Whether an app keeps the rules of the validator. */
function isLegal(recipe: Recipe): boolean {
  if (recipe.app !== 'streamed' && recipe.app !== 'whole') return true
  return recipe.args[1].every(([, value]) => !/[\r\n]/.test(value))
}

// The app appends a line to a file for each step, and the journal shows its content.
function mirrored(journal: Journal): string {
  const file = join(FOLDER, `journal-${++last}`)
  writeFileSync(file, '')
  const steps = (): string[] => readFileSync(file, 'utf8').split('\n').slice(0, -1)
  Object.defineProperties(journal, {
    produced: { enumerable: true, get: () => steps().filter((step) => step === 'produced').length },
    cleanup: { enumerable: true, get: () => steps().filter((step) => step !== 'produced') },
  })
  return file
}

// The app waits for a file.
function opened(gate: Promise<void>): string {
  const file = join(FOLDER, `gate-${++last}`)
  void gate.then(() => writeFileSync(file, ''))
  return file
}
