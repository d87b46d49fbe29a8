// The server's side of an exchange in a thread: a log whose lines cross to the gateway, and a signal for code that never
// lets the event loop turn.

import { inspect } from 'node:util'
import { ServerExchangeContext } from '../../async/exchange-context.ts'
import { ClientDisconnectedError } from '../../errors.ts'
import { cloneable } from '../protocol/cloneable.ts'
import { toErrorData } from '../protocol/error-data.ts'
import type { Log, LogLine } from '../../contract/log.ts'
import type { Hosting } from '../../contract/hosting.ts'
import type { GatewayLink, Wires } from './gateway-link.ts'
import type { LogMessage, RequestMessage } from '../protocol/messages.ts'

const HOSTING: Hosting = { environ: {}, maxInlineBodyBytes: Infinity, inlineThreads: false }

/** The facts about the hosting of a request, with strings of the deployer; null for none. */
export function hostingOf(environ: RequestMessage['environ']): Hosting {
  return environ ? { ...HOSTING, environ } : HOSTING
}

/** A context whose signal takes the messages that have arrived before it says whether it is aborted. */
export class ThreadExchangeContext extends ServerExchangeContext {
  readonly #wires: Wires
  #pollable: AbortSignal | undefined

  /** @param environ strings of the deployer; null for none */
  constructor(environ: RequestMessage['environ'], log: Log, wires: Wires) {
    super(log, hostingOf(environ))
    this.#wires = wires
  }

  override get signal(): AbortSignal {
    this.#wires.poll()
    this.#pollable ??= pollable(super.signal, () => this.#wires.poll())
    return this.#pollable
  }

  /** The gateway does not wait for the request any more: `error` is the reason. */
  cancel(error: Error): void {
    this.abort(error)
    if (error instanceof ClientDisconnectedError) this.disconnect()
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

/** A log whose lines cross to the gateway; one for all requests of a thread. */
export function hostedLog(link: Pick<GatewayLink, 'post'>): Log {
  const line = (level: LogMessage['level']): LogLine => {
    return ({ err, ...fields }, message) => {
      const error = err === undefined ? null : toErrorData(err)
      const { data, rest: uncloneable } = cloneable(fields)
      for (const name of uncloneable) data[name] = inspect(fields[name])
      link.post({ type: 'log', level, fields: data, error, message })
    }
  }
  return { debug: () => undefined, info: () => undefined, warn: line('warn'), error: line('error') }
}
