// The terminal in which a user has started the server. Its end sends SIGHUP, as a request for a reload does.

import { closeSync, openSync } from 'node:fs'
import { isatty } from 'node:tty'

/** Returns a function that says whether the process has lost its terminal; without a terminal it always says no. */
export function watchTerminal(): () => boolean {
  const isInteractive = [0, 1, 2].some((fd) => isatty(fd)) && hasTerminal()
  return () => isInteractive && !hasTerminal()
}

// The system takes the terminal from all its processes before they get the signal.
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    return false
  }
}
