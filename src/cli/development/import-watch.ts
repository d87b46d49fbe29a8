// Preloaded by --import into the process of a development server and into each of its threads: tells the modules that are loaded.

import module from 'node:module'
import { BroadcastChannel } from 'node:worker_threads'
import { MODULES_CHANNEL } from './messages.ts'

interface Loader {
  _resolveFilename(...request: unknown[]): unknown
}

const channel = new BroadcastChannel(MODULES_CHANNEL)
channel.unref()
module.register('./import-hooks.js', import.meta.url)
watchRequire(module as unknown as Loader)

// A module that throws leaves no trace in require.cache, and its file has to be watched all the more.
function watchRequire(loader: Loader): void {
  const resolve = loader._resolveFilename
  loader._resolveFilename = function resolveFilename(this: unknown, ...request) {
    const file = resolve.apply(this, request)
    if (typeof file === 'string' && file.startsWith('/')) channel.postMessage(file)
    return file
  }
}
