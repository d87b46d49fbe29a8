// The current context of OpenTelemetry in an AsyncLocalStorage. @opentelemetry/sdk-node brings such a manager along.

import { AsyncLocalStorage } from 'node:async_hooks'
import { ROOT_CONTEXT } from '@opentelemetry/api'
import type { Context, ContextManager } from '@opentelemetry/api'

const storage = new AsyncLocalStorage<Context>()

/** The manager for `context.setGlobalContextManager()`. */
export const contextManager: ContextManager = {
  active: () => storage.getStore() ?? ROOT_CONTEXT,
  with: (context, work, self, ...args) =>
    storage.run(context, () => work.apply(self as ThisParameterType<typeof work>, args)),
  bind: (context, target) => {
    if (typeof target !== 'function') return target
    const bound = (...args: unknown[]): unknown => storage.run(context, () => target(...args))
    return bound as typeof target
  },
  enable: () => contextManager,
  disable: () => contextManager,
}
