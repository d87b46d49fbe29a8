// Notices that the package manager that started the server has ended.

import { readFileSync } from 'node:fs'

const POLL_MS = 500

/** The environment of a process, as far as a package manager writes it. */
type Environment = Readonly<Record<string, string | undefined>>

/**
 * Calls `onEnd` once, when the process that started this one has ended, if that was `npm start`, `npx`, or a script of
 * another package manager. npm passes SIGTERM on to its shell only: both end, and the server stays on its port with no
 * signal. A server that other programs start, with nohup, by systemd or in the background of a shell, is not watched, nor is
 * one that `setsid` has detached.
 *
 * @param environment that of the process: package managers write `npm_lifecycle_event` and `npm_config_user_agent`
 * @param parentOf reads the id of the parent
 */
export function watchParent(
  environment: Environment,
  onEnd: () => void,
  parentOf: () => number = ownParent,
): void {
  if (!isScript(environment) || isDetached()) return
  const parent = parentOf()
  // The system gives the children of a process that has ended another parent.
  const timer = setInterval(() => {
    if (parentOf() === parent) return
    clearInterval(timer)
    onEnd()
  }, POLL_MS)
  timer.unref()
}

/** The script of the package manager, for the log: `npm start`, `npx`. */
export function scriptOf({
  npm_lifecycle_event: event,
  npm_config_user_agent: agent,
}: Environment): string {
  const [manager = 'npm'] = (agent ?? '').split('/', 1)
  if (event === undefined) return manager
  return event === 'npx' ? event : `${manager || 'npm'} run ${event}`
}

function isScript({
  npm_lifecycle_event: event,
  npm_config_user_agent: agent,
}: Environment): boolean {
  return event !== undefined || agent !== undefined
}

function ownParent(): number {
  return process.ppid
}

// setsid makes the process the leader of a session. Linux alone tells.
function isDetached(): boolean {
  try {
    const stat = readFileSync('/proc/self/stat', 'latin1')
    // The name of the process is in parentheses and may have any character. State, parent, group and session follow it.
    const session = stat.slice(stat.lastIndexOf(')') + 2).split(' ', 4)[3]
    return Number(session) === process.pid
  } catch {
    return false
  }
}
