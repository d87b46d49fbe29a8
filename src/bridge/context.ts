// What follows a request across threads. AsyncLocalStorage does not cross; values that were registered do.

import { AsyncLocalStorage } from 'node:async_hooks'

/** What isthmus itself carries along with every request. */
export interface RequestContext {
  /** From `x-request-id`, where the request has one. */
  requestId: string | undefined
  /** From `traceparent` (W3C Trace Context), where the request has one. */
  traceparent: string | undefined
  /** When the request times out, in ms since the epoch. */
  deadline: number | undefined
}

const requests = new AsyncLocalStorage<RequestContext>()
const carried = new Map<string, AsyncLocalStorage<unknown>>()

/**
 * The context of the request that is being served, in a pool thread; undefined elsewhere.
 *
 * @example
 * log.info({ requestId: currentRequest()?.requestId }, 'sold')
 */
export function currentRequest(): RequestContext | undefined {
  return requests.getStore()
}

/**
 * Registers a storage whose value goes along into pool threads. Both sides have to register it, under the same
 * name: put the call into a module that the app and the server import. The value must be structured-cloneable;
 * a change made in the thread stays there.
 *
 * @example
 * export const tenant = carry('tenant', new AsyncLocalStorage<string>())
 */
export function carry<Value>(
  name: string,
  storage: AsyncLocalStorage<Value>,
): AsyncLocalStorage<Value> {
  carried.set(name, storage)
  return storage
}

/** The registered values that are set here, and the request's own context. */
export function contextOf(request: RequestContext): Record<string, unknown> {
  const context: Record<string, unknown> = { request }
  for (const [name, storage] of carried) {
    const value = storage.getStore()
    if (value !== undefined) context[`carried:${name}`] = value
  }
  return context
}

/** Runs `work` with `context` set in the storages of this side. */
export function runInContext(context: Readonly<Record<string, unknown>>, work: () => void): void {
  let run = work
  for (const [name, storage] of carried) {
    const inner = run
    run = () => storage.run(context[`carried:${name}`], inner)
  }
  requests.run(context['request'] as RequestContext, run)
}
