// Which requests this thread is running, one on top of the other: what blocking code calls out through.

import type { Input } from '../../sync/input.ts'
import type { Carried } from '../../bridge/request-context.ts'
import type { Wires } from './gateway-link.ts'
import type { ThreadRequestBody } from './request-body.ts'
import type { AnswerMessage } from '../protocol/messages.ts'

/** A running request, as its calls see it. */
export interface Caller {
  readonly id: number
  readonly wires: Wires
  readonly body: ThreadRequestBody
  /** Reads from `body`. */
  readonly input: Input
  /** What was carried along with the request. */
  readonly carried: Carried
  /** Calls under way, by their number. */
  readonly calls: Map<number, OpenCall>
  /** Throws when nobody waits for the request any more. */
  refuseCancelled(): void
}

/** A call under way. */
export interface OpenCall {
  take(message: AnswerMessage): void
  /** Passes on what there is of the request body, if it was asked for; whether it did. Never throws. */
  passBody(): boolean
  /** Makes room for the answer of a call that a nested request runs on top of; false: there is too much of it. */
  makeRoom(): boolean
  /** Stops the called app; nobody waits until it has ended. */
  abandon(): void
}

// The request that arrived in its turn, then what runs nested in its calls.
const stack: Caller[] = []

/** The innermost request that runs here; undefined outside of pool threads and between requests. */
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

/** The calls under way, of all running requests. */
export function openCalls(): OpenCall[] {
  return stack.flatMap(({ calls }) => [...calls.values()])
}

/** The calls under way that the innermost request runs on top of. */
export function callsBelow(): OpenCall[] {
  return stack.slice(0, -1).flatMap(({ calls }) => [...calls.values()])
}
