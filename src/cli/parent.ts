// Notices that the package manager that started the server has ended.

import { readFileSync } from 'node:fs'

const POLL_MS = 500

/** The environment of a process, as far as a package manager writes it. */
type Environment = Readonly<Record<string, string | undefined>>

/**
 * Calls `onEnd` once, when the process that started this one has ended, if that was `npm start`, `npx`, or a script of
 * another package manager. npm passes SIGTERM on to its shell only: both end, and the server stays on its port with no
 * signal. SIGHUP and SIGKILL end npm alone, and the shell waits. A server that other programs start, with nohup, by systemd
 * or in the background of a shell, is not watched, nor is one that `setsid` has detached.
 *
 * @param environment that of the process: package managers write `npm_lifecycle_event` and `npm_config_user_agent`
 * @param parentsOf reads the ids of the parent, and of its own parent if it is the shell of a script
 */
export function watchParent(
  environment: Environment,
  onEnd: () => void,
  parentsOf: () => string = ownParents,
): void {
  if (!isScript(environment) || isDetached()) return
  const parents = parentsOf()
  // The system gives the children of a process that has ended another parent.
  const timer = setInterval(() => {
    if (parentsOf() === parents) return
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

function ownParents(): string {
  const { ppid } = process
  return isScriptShell(ppid) ? `${ppid} ${facts(ppid).parent}` : `${ppid}`
}

// npm runs a script by `sh -c`.
function isScriptShell(pid: number): boolean {
  try {
    return /^[^\0]*sh\0-c\0/.test(readFileSync(`/proc/${pid}/cmdline`, 'latin1'))
  } catch {
    return false
  }
}

// setsid makes the process the leader of a session.
function isDetached(): boolean {
  return facts(process.pid).session === process.pid
}

// Linux alone tells; elsewhere the facts are not numbers.
function facts(pid: number): { parent: number; session: number } {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name of the process is in parentheses and may have any character.
    const [, parent, , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ', 4)
    return { parent: Number(parent), session: Number(session) }
  } catch {
    return { parent: NaN, session: NaN }
  }
}
