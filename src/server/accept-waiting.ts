// The connections that clients have opened and that the process has not accepted yet. A listener that closes resets them.

// libuv accepts one connection in a turn of the event loop. An immediate may fire in this turn, and the next turn accepts.
const QUIET_TURNS = 3
// A server under load would accept for ever.
const MAX_MS = 250

/** Lets the listener accept until no further connection comes. `accepted` counts the connections. */
export async function acceptWaiting(accepted: () => number): Promise<void> {
  const since = performance.now()
  let before = accepted()
  let quiet = 0
  while (quiet < QUIET_TURNS && performance.now() - since < MAX_MS) {
    await new Promise((resolve) => setImmediate(resolve))
    const now = accepted()
    quiet = now === before ? quiet + 1 : 0
    before = now
  }
}
