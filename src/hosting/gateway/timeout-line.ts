// The line of the log about a host that is ended because of `timeoutMs`.

import type { HostKind, PoolHost } from './host-kind.ts'

/** @param isIdle the host has no request: an earlier one has left work open */
export function timeoutLine(host: PoolHost, kind: HostKind, isIdle: boolean): string {
  const { hostName, flags } = kind
  const remedy = `The stack shows the code; raise timeoutMs (${flags}-timeout) if the work needs more time`
  if (host.pace.isSideBySide)
    return `the event loop of a ${hostName} stood still for timeoutMs; the ${hostName} is ended. ${remedy}`
  const subject = isIdle ? 'work that a request has left open' : subjectOf(host)
  return `${subject} took longer than timeoutMs; its ${hostName} is ended. ${remedy}`
}

function subjectOf({ isHeld }: PoolHost): string {
  return isHeld ? 'a WebSocket, between two of its calls,' : 'a request'
}
