// Preloaded by --import into the process of a development server and into each of its threads: tells the modules that are loaded.

import module from 'node:module'
import { BroadcastChannel } from 'node:worker_threads'
import { MODULES_CHANNEL } from './messages.ts'
import type { load } from './import-hooks.ts'

interface Hooks {
  load: typeof load
}

interface Loader {
  _resolveFilename: (this: unknown, ...request: unknown[]) => unknown
}

/** The hooks, by the modules that have them. */
const HOOKS: Record<keyof Hooks, string> = { load: './import-hooks.js' }
const channel = new BroadcastChannel(MODULES_CHANNEL)
channel.unref()
module.register(HOOKS.load, import.meta.url)
watchRequire(module as unknown as Loader)

// A module that throws leaves no trace in require.cache, and its file has to be watched all the more.
function watchRequire(loader: Loader): void {
  const { _resolveFilename: resolve } = loader
  loader._resolveFilename = function resolveFilename(this: unknown, ...request) {
    const file = Reflect.apply(resolve, this, request)
    if (typeof file === 'string' && file.startsWith('/')) channel.postMessage(file)
    return file
  }
}
