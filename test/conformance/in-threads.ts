// An app in a pool of one thread. The thread makes the app from a recipe, because a closure cannot cross.

import { BroadcastChannel, setEnvironmentData } from 'node:worker_threads'
import { threads } from 'isthmus'
import { bundleOf } from '../thread-bundles.ts'
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
  | { app: 'endless' }
  | { app: 'gated'; gate: SharedArrayBuffer }

const SYNC = bundleOf(new URL('../fixtures/threads/behaviour-conformance.ts', import.meta.url))
const AWAITING = bundleOf(
  new URL('../fixtures/threads/behaviour-conformance-awaiting.ts', import.meta.url),
)
let last = 0

/** The app of `recipe` in the style `style`, hosted by threads(). */
export function inThreads(recipe: Recipe, style: 'sync' | 'iterable' | 'events'): EventApp {
  const key = `conformance-${++last}`
  setEnvironmentData(key, crossed(recipe, key))
  if (style !== 'sync') {
    const name = style === 'iterable' ? 'awaiting' : 'default'
    return threads(new URL(`?${key}`, AWAITING), { max: 1, export: name, style })
  }
  // Small enough that an endless response meets the bound soon.
  const buffering = { maxResponseFileBytes: 1024 * 1024 }
  return threads(new URL(`?${key}`, SYNC), { max: 1, buffering })
}

function crossed(recipe: Recipe, key: string): Crossed {
  switch (recipe.app) {
    case 'endless':
      mirror(recipe.journal, key)
      return { app: 'endless' }
    case 'gated':
      return { app: 'gated', gate: opened(recipe.gate) }
    default:
      return recipe
  }
}

function mirror(journal: Journal, key: string): void {
  const channel = new BroadcastChannel(key)
  channel.addEventListener('message', (event) => {
    const { data } = event as unknown as { data: number | string }
    if (typeof data === 'number') journal.produced = data
    else journal.cleanup.push(data)
  })
  channel.unref()
}

function opened(gate: Promise<void>): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(4)
  const word = new Int32Array(memory)
  void gate.then(() => {
    Atomics.store(word, 0, 1)
    Atomics.notify(word, 0)
  })
  return memory
}
