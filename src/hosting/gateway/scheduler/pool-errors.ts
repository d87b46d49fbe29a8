// The errors with which a pool fails requests.

import {
  AppLoadError,
  AppTimeoutError,
  PoolFullError,
  UnavailableError,
  WouldDeadlockError,
} from '../../../errors.ts'
import type { SchedulerLimits } from './commands.ts'

export function poolClosed(): UnavailableError {
  return new UnavailableError('the pool is closed')
}

export function holderIsOver(): UnavailableError {
  return new UnavailableError('the request that made this call is over')
}

function plural(noun: string): string {
  return noun.endsWith('s') ? `${noun}es` : `${noun}s`
}

/** @param hosts the number of hosts */
export function queueFull(
  waiting: number,
  hosts: number,
  { hostName, flags }: SchedulerLimits,
): PoolFullError {
  return new PoolFullError(
    `${waiting} requests wait for ${hosts} ${hosts === 1 ? hostName : plural(hostName)}, as many as maxQueue (${flags}-queue) allows`,
  )
}

export function waitedTooLong({ queueTimeoutMs, hostName, flags }: SchedulerLimits): PoolFullError {
  return new PoolFullError(
    `the request has waited ${queueTimeoutMs} ms for a ${hostName}: queueTimeoutMs (${flags}-queue-timeout)`,
  )
}

export function tooManyWebSockets({
  maxWebSockets,
  hostName,
  flags,
}: SchedulerLimits): PoolFullError {
  return new PoolFullError(
    `WebSockets hold ${maxWebSockets} ${maxWebSockets === 1 ? hostName : plural(hostName)}, as many as maxWebSockets (${flags}-max-websockets) allows: raise max and maxWebSockets, or serve WebSockets by websocket(), which holds no ${hostName}`,
  )
}

export function requestTimedOut({ timeoutMs, flags }: SchedulerLimits): AppTimeoutError {
  return new AppTimeoutError(
    `the app took longer than ${timeoutMs} ms: timeoutMs (${flags}-timeout)`,
  )
}

/** @param hostName the word for a host, like `thread` */
export function replaced(hostName: string): UnavailableError {
  return new UnavailableError(`the ${hostName} of the request is replaced`)
}

export function loadTimedOut(timeoutMs: number): AppLoadError {
  return new AppLoadError(`the app took longer than ${timeoutMs} ms to load`)
}

/** @param hostName the word for a host, like `thread` */
export function wouldDeadlock(hostName: string): WouldDeadlockError {
  return new WouldDeadlockError(
    `all ${plural(hostName)} of this pool run requests that wait for the ${hostName} of the caller, so they would hold each other up; raise max, or host both apps in one pool`,
  )
}
