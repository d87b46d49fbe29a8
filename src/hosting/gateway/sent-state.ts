// The state of lifespan that a host has. The host gets changes only, not the whole state with every request.

import { cloneable } from '../protocol/cloneable.ts'
import type { Log } from '../../contract/log.ts'
import type { StateMessage } from '../protocol/messages.ts'

type State = Readonly<Record<string, unknown>>

const warned = new WeakMap<Log, Set<string>>()

/** Remembers the state that one host has. */
export class SentState {
  #sent: State = {}

  /**
   * Returns the message to send before a request with this `state`; null if the host has the same state. Values are
   * compared by identity. Values that cannot cross are left out, with one warning for each key.
   */
  change(state: State, log: Log | undefined): StateMessage | null {
    const sent = this.#sent
    if (isSame(sent, state)) return null
    const changed = Object.entries(state).filter(([key, value]) => !has(sent, key, value))
    const gone = Object.keys(sent).filter((key) => !Object.hasOwn(state, key))

    this.#sent = { ...state }
    const { data, rest } = cloneable(Object.fromEntries(changed))
    if (log) for (const key of rest) warnOnce(log, key)
    return { type: 'state', set: data, unset: [...gone, ...rest] }
  }
}

// Runs for every request, and is nearly always true.
function isSame(sent: State, state: State): boolean {
  for (const key in state) if (!has(sent, key, state[key])) return false
  for (const key in sent) if (!Object.hasOwn(state, key)) return false
  return true
}

function has(sent: State, key: string, value: unknown): boolean {
  return Object.hasOwn(sent, key) && Object.is(sent[key], value)
}

function warnOnce(log: Log, key: string): void {
  const keys = warned.get(log) ?? new Set()
  warned.set(log, keys)
  if (keys.has(key)) return
  keys.add(key)
  log.warn({ key }, 'a value of scope.state cannot cross into threads: it is left out there')
}
