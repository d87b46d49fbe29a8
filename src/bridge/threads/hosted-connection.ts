// The server's side of a connection as a host sees it: a log that crosses, and a signal that can be polled by
// code that never lets the event loop turn.

import { Connection } from '../../async/connection.ts'
import type { Log, LogLine } from '../../contract/log.ts'
import type { Wires } from './gateway-link.ts'
import type { LogMessage, RequestMessage } from './messages.ts'
import { toErrorData } from './error-data.ts'

/** As Connection; reading `aborted` of its signal takes what has arrived first. */
export class HostedConnection extends Connection {
  readonly #poll: () => void
  #pollable: AbortSignal | undefined

  constructor({ environ }: RequestMessage, wires: Wires) {
    super(hostedLog(wires), { environ, inlineBodyMemory: Infinity, inlineThreads: false })
    this.#poll = wires.poll
  }

  override get signal(): AbortSignal {
    this.#poll()
    this.#pollable ??= pollable(super.signal, this.#poll)
    return this.#pollable
  }
}

function pollable(signal: AbortSignal, poll: () => void): AbortSignal {
  const { get } = Object.getOwnPropertyDescriptor(AbortSignal.prototype, 'aborted') as {
    get(): boolean
  }
  const aborted = (): boolean => {
    poll()
    return get.call(signal)
  }
  const throwIfAborted = (): void => {
    if (aborted()) throw signal.reason
  }
  return Object.defineProperties(signal, {
    aborted: { get: aborted },
    throwIfAborted: { value: throwIfAborted },
  })
}

function hostedLog({ link }: Wires): Log {
  const line = (level: LogMessage['level']): LogLine => {
    return ({ err, ...fields }, message) => {
      const data = err === undefined ? fields : { ...fields, err: toErrorData(err) }
      link.post({ type: 'log', level, fields: data, message })
    }
  }
  return { debug: () => undefined, info: () => undefined, warn: line('warn'), error: line('error') }
}
