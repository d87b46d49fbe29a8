// The requests that this thread runs. The first one has its turn; each other one runs inside a call of the one before.

import { processWide } from '../../bridge/process-wide.ts'
import type { Input } from '../../sync/input.ts'
import type { Carried } from '../../bridge/request-context.ts'
import type { Wires } from './gateway-link.ts'
import type { ThreadRequestBody } from './request-body.ts'
import type { AnswerMessage } from '../protocol/messages.ts'

/** A running request in the eyes of its calls. */
export interface Caller {
  readonly id: number
  readonly wires: Wires
  readonly body: ThreadRequestBody
  /** Reads from `body`. */
  readonly input: Input
  /** The registered values that came with the request. */
  readonly carried: Carried
  /** The open calls by their number. */
  readonly calls: Map<number, OpenCall>
  /** Throws if the request was cancelled. */
  refuseCancelled(): void
}

/** An open call. */
export interface OpenCall {
  take(message: AnswerMessage): void
  /** Passes bytes of the request body on, if the called app has asked for them and some are there. Returns whether it has. Never throws. */
  passBody(): boolean
  /** Makes room for more of the answer while a nested request runs inside the call. Returns false at the limit. */
  makeRoom(): boolean
  /** Stops the called app without waiting for its end. */
  abandon(): void
}

// The app may import another copy of the package than the thread.
const stack = processWide('call-stack.1', (): Caller[] => [])

/** Returns the innermost running request; undefined outside of pool threads and between requests. */
export function runningRequest(): Caller | undefined {
  return stack.at(-1)
}

/** Runs `work` as `caller`. */
export function runAs(caller: Caller, work: () => void): void {
  stack.push(caller)
  try {
    work()
  } finally {
    stack.pop()
  }
}

/** Returns the open calls of all running requests. */
export function openCalls(): OpenCall[] {
  return stack.flatMap(({ calls }) => [...calls.values()])
}

/** Returns the open calls that the innermost request runs inside of. */
export function callsBelow(): OpenCall[] {
  return stack.slice(0, -1).flatMap(({ calls }) => [...calls.values()])
}
