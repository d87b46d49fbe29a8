// The context of a request that crosses threads. AsyncLocalStorage does not cross by itself; registered values do.

import { AsyncLocalStorage } from 'node:async_hooks'
import { AppError } from '../errors.ts'
import { processWide } from './process-wide.ts'

/** The values that isthmus carries with every request. */
export interface RequestContext {
  /** The field `x-request-id`, if the request has it. */
  requestId: string | undefined
  /** The field `traceparent` (W3C Trace Context), if the request has it. */
  traceparent: string | undefined
  /** The time at which the request times out, in ms since the epoch. */
  deadline: number | undefined
}

/** The values of registered storages, by the names under which they were registered. */
export type Carried = Readonly<Record<string, unknown>>

/** All values that cross with a request. */
export interface Context {
  readonly request: RequestContext
  readonly carried: Carried
}

// A thread may run one copy of the package while its app imports another one.
const requests = processWide('requests.1', () => new AsyncLocalStorage<RequestContext>())
const storages = processWide('storages.1', () => new Map<string, AsyncLocalStorage<unknown>>())
// Whether this thread runs requests of a pool, so that each of them has a context, maybe without a value.
const host = processWide('request-host.1', () => ({ isHost: false }))
const NOTHING: Carried = {}
const NO_VALUES: RequestContext = {
  requestId: undefined,
  traceparent: undefined,
  deadline: undefined,
}

/**
 * The context of the current request in a pool thread; undefined outside of pool threads.
 *
 * @example
 * log.info({ requestId: currentRequest()?.requestId }, 'sold')
 */
export function currentRequest(): RequestContext | undefined {
  return requests.getStore() ?? (host.isHost ? NO_VALUES : undefined)
}

/** This thread runs requests of a pool from now on. */
export function becomeHost(): void {
  host.isHost = true
}

/**
 * Registers a storage whose value crosses into pool threads, and from there into the apps that they call. Both sides
 * have to register it under the same name: put the call into a module that the app and the server import.
 *
 * The value must be structured-cloneable. It crosses with a call and never comes back: a change stays on the side that
 * made it, as in any `AsyncLocalStorage`.
 *
 * @param name the same text on both sides; a second storage with this name replaces the first
 * @returns `storage`
 *
 * @example
 * export const tenant = carry('tenant', new AsyncLocalStorage<string>())
 */
export function carry<Value>(
  name: string,
  storage: AsyncLocalStorage<Value>,
): AsyncLocalStorage<Value> {
  storages.set(name, storage)
  return storage
}

/**
 * Copies of the registered values that are set on this side, except those that are the same in `known`.
 *
 * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) for a value that cannot cross
 */
export function carriedValues(known: Carried = {}): Carried {
  if (storages.size === 0) return NOTHING
  const values: Record<string, unknown> = {}
  for (const [name, storage] of storages) {
    const value = storage.getStore()
    if (value !== undefined && !Object.is(value, known[name])) values[name] = copyOf(name, value)
  }
  return values
}

/** Runs `work` in the context of a request: every registered storage has the carried value, or undefined. */
export function runInContext<Result>({ request, carried }: Context, work: () => Result): Result {
  // The first use of a storage makes each promise of the thread dearer (on Node 20 and 22), so it needs a value.
  if (storages.size === 0) return hasValue(request) ? requests.run(request, work) : work()
  const none = Object.fromEntries([...storages.keys()].map((name) => [name, undefined]))
  return requests.run(request, () => runCarrying({ ...none, ...carried }, work))
}

function hasValue({ requestId, traceparent, deadline }: RequestContext): boolean {
  return requestId !== undefined || traceparent !== undefined || deadline !== undefined
}

/** Runs `work` with the values in `carried`; other storages keep their values. */
export function runCarrying<Result>(carried: Carried, work: () => Result): Result {
  let run = work
  for (const [name, value] of Object.entries(carried)) {
    const storage = storages.get(name)
    const inner = run
    if (storage) run = () => storage.run(value, inner)
  }
  return run()
}

function copyOf(name: string, value: unknown): unknown {
  if (typeof value === 'string') return value
  try {
    return structuredClone(value)
  } catch (cause) {
    throw new AppError(
      `the value carried as "${name}" cannot cross into a thread; carry plain data, such as an id to look up the rest`,
      { cause },
    )
  }
}
