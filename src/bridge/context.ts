// What follows a request across threads. AsyncLocalStorage does not cross; values that were registered do.

import { AsyncLocalStorage } from 'node:async_hooks'
import { AppError } from '../errors.ts'

/** What isthmus itself carries along with every request. */
export interface RequestContext {
  /** From `x-request-id`, where the request has one. */
  requestId: string | undefined
  /** From `traceparent` (W3C Trace Context), where the request has one. */
  traceparent: string | undefined
  /** When the request times out, in ms since the epoch. */
  deadline: number | undefined
}

/** The values of registered storages, by the names under which they were registered. */
export type Carried = Readonly<Record<string, unknown>>

/** What crosses with a request. */
export interface Context {
  readonly request: RequestContext
  readonly carried: Carried
}

const requests = new AsyncLocalStorage<RequestContext>()
const storages = new Map<string, AsyncLocalStorage<unknown>>()
const NOTHING: Carried = {}

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
 * Registers a storage whose value goes along into pool threads, and from there into the apps that they call. Both
 * sides have to register it, under the same name: put the call into a module that the app and the server import.
 * The value must be structured-cloneable. It goes with the call and never back: a change stays where it was made,
 * as it does in any `AsyncLocalStorage`.
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
 * The registered values that are set here, except those that are as in `known`: copies, ready to cross.
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

/** Runs `work` as the request that `context` came along with: every registered storage has its value, or none. */
export function runInContext<Result>({ request, carried }: Context, work: () => Result): Result {
  if (storages.size === 0) return requests.run(request, work)
  const none = Object.fromEntries([...storages.keys()].map((name) => [name, undefined]))
  return requests.run(request, () => runCarrying({ ...none, ...carried }, work))
}

/** Runs `work` with those registered storages set that `carried` names. */
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
      `what is carried as "${name}" cannot cross into a thread; carry plain data, and look up the rest by it`,
      { cause },
    )
  }
}
