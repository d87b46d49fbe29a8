// The server's side of a connection as a host sees it: a log that crosses, and a signal that can be polled by
// code that never lets the event loop turn.

import { inspect } from 'node:util'
import { Connection } from '../../async/connection.ts'
import { ClientDisconnected } from '../../errors.ts'
import { crossing } from './crossing.ts'
import { toErrorData } from './error-data.ts'
import type { Log, LogLine } from '../../contract/log.ts'
import type { Wires } from './gateway-link.ts'
import type { LogMessage, RequestMessage } from './messages.ts'

/** As Connection; reading `aborted` of its signal takes what has arrived first. */
export class HostedConnection extends Connection {
  readonly #poll: () => void
  #pollable: AbortSignal | undefined

  constructor({ environ }: RequestMessage, wires: Wires) {
    super(hostedLog(wires), { environ, inlineBodyMemory: Infinity, inlineThreads: false })
    this.#poll = () => wires.poll()
  }

  override get signal(): AbortSignal {
    this.#poll()
    this.#pollable ??= pollable(super.signal, this.#poll)
    return this.#pollable
  }

  /** Nobody waits for the request any more. */
  cancel(error: Error): void {
    this.abort(error)
    if (error instanceof ClientDisconnected) this.disconnect()
  }
}

function pollable(signal: AbortSignal, poll: () => void): AbortSignal {
  const { aborted, reason, throwIfAborted } = Object.getOwnPropertyDescriptors(
    AbortSignal.prototype,
  )
  const polled = (property: PropertyDescriptor): PropertyDescriptor => ({
    get() {
      poll()
      return property.get?.call(signal) as unknown
    },
  })
  const polledThrow = (): void => {
    poll()
    throwIfAborted.value?.call(signal)
  }
  return Object.defineProperties(signal, {
    aborted: polled(aborted),
    reason: polled(reason),
    throwIfAborted: { value: polledThrow },
  })
}

function hostedLog({ link }: Wires): Log {
  const line = (level: LogMessage['level']): LogLine => {
    return ({ err, ...fields }, message) => {
      const error = err === undefined ? null : toErrorData(err)
      const { data, rest } = crossing(fields)
      for (const name of rest) data[name] = inspect(fields[name])
      link.post({ type: 'log', level, fields: data, error, message })
    }
  }
  return { debug: () => undefined, info: () => undefined, warn: line('warn'), error: line('error') }
}
