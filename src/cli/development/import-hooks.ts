// The hook of ES modules of a development server, in the thread of the hooks: tells the URL of each module before it is read.

import { BroadcastChannel } from 'node:worker_threads'
import { MODULES_CHANNEL } from './messages.ts'
import type { LoadHook } from 'node:module'

const channel = new BroadcastChannel(MODULES_CHANNEL)
channel.unref()

/** @see module.register() of Node */
export const load: LoadHook = (url, context, nextLoad) => {
  if (url.startsWith('file:')) channel.postMessage(url)
  return nextLoad(url, context)
}
