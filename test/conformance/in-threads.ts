// An app in a thread. The thread makes the app from a recipe, which a field of the request carries, because a closure cannot cross.

import { BroadcastChannel, setEnvironmentData } from 'node:worker_threads'
import { threads } from 'isthmus'
import { SharedApp } from '../shared-app.ts'
import { bundleOf } from '../thread-bundles.ts'
import { GATES_KEY } from './sync-apps.ts'
import type { EventApp, HeaderPairs } from 'isthmus'
import type { Journal } from './sync-apps.ts'

/** The name of an app, and its arguments. */
export type Recipe =
  | { app: 'streamed' | 'whole'; args: [status: number, headers: HeaderPairs, chunks: string[]] }
  | { app: 'failing'; args: [chunks: string[]] }
  | { app: 'echo' | 'view' }
  | { app: 'endless'; journal: Journal }
  | { app: 'gated'; gate: Promise<void> }

/** The part of a {@link Recipe} that crosses into the thread. */
export type Crossed =
  | Exclude<Recipe, { app: 'endless' | 'gated' }>
  /** `channel`: the name of the BroadcastChannel of the journal. */
  | { app: 'endless'; channel: string }
  /** `gate`: the index of a word in the memory of all gates. */
  | { app: 'gated'; gate: number }

const GATES = new Int32Array(new SharedArrayBuffer(4 * 256))
setEnvironmentData(GATES_KEY, GATES)

const SYNC = bundleOf(new URL('../fixtures/threads/behaviour-conformance.ts', import.meta.url))
const AWAITING = bundleOf(
  new URL('../fixtures/threads/behaviour-conformance-awaiting.ts', import.meta.url),
)
// Small enough that an endless response meets the bound soon.
const buffering = { maxResponseFileBytes: 1024 * 1024 }
const POOLS = {
  sync: new SharedApp(threads(SYNC, { max: 1, buffering })),
  iterable: new SharedApp(threads(AWAITING, { max: 1, export: 'awaiting', style: 'iterable' })),
  events: new SharedApp(threads(AWAITING, { max: 1, style: 'events' })),
}
let last = 0

/** The app of `recipe` in the style `style`, hosted by threads(). */
export function inThreads(recipe: Recipe, style: 'sync' | 'iterable' | 'events'): EventApp {
  return POOLS[style].with(crossed(recipe))
}

/**
 * Ends the threads.
 *
 * @throws if their logs have lines that the suite does not cause
 */
export async function endThreads(): Promise<void> {
  const ends = Object.values(POOLS).map((pool) =>
    pool.end(/no lifespan|the body was (?:dropped|cut)/),
  )
  await Promise.all(ends)
}

function crossed(recipe: Recipe): Crossed {
  switch (recipe.app) {
    case 'endless':
      return { app: 'endless', channel: mirrored(recipe.journal) }
    case 'gated':
      return { app: 'gated', gate: opened(recipe.gate) }
    default:
      return recipe
  }
}

function mirrored(journal: Journal): string {
  const name = `conformance-${++last}`
  const channel = new BroadcastChannel(name)
  channel.addEventListener('message', (event) => {
    const { data } = event as unknown as { data: number | string }
    if (typeof data === 'number') journal.produced = data
    else journal.cleanup.push(data)
  })
  channel.unref()
  return name
}

function opened(gate: Promise<void>): number {
  const index = ++last
  void gate.then(() => {
    Atomics.store(GATES, index, 1)
    Atomics.notify(GATES, index)
  })
  return index
}
