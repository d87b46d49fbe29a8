// The state of the server's lifespan in a host.

import type { StateMessage } from '../protocol/messages.ts'

/** The values that have crossed. */
export class HostState {
  #values: Readonly<Record<string, unknown>> = {}

  get values(): Readonly<Record<string, unknown>> {
    return this.#values
  }

  update({ set, unset }: StateMessage): void {
    const removed = new Set(unset)
    const kept = Object.entries(this.#values).filter(([key]) => !removed.has(key))
    this.#values = { ...Object.fromEntries(kept), ...set }
  }
}
