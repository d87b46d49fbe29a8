// A transport that records its calls, and the run of an app on it.

import { ServerExchangeContext } from '../../src/async/exchange-context.ts'
import { TimerWheel } from '../../src/waiting/timer-wheel.ts'
import { HttpRun } from '../../src/server/http/run.ts'
import { httpScope, recordingLog } from '../bridge/host.ts'
import { headWith } from './request-head.ts'
import type { ResponsePart } from '../../src/async/http-exchange.ts'
import type { EventApp, HeaderPairs, HttpScope } from '../../src/contract/events.ts'
import type { RequestHead } from '../../src/http/request-head.ts'
import type { HttpEvents, HttpTransport } from '../../src/server/engine.ts'
import type { RecordingLog } from '../bridge/host.ts'

/** Calls as `write 200`, `write "a"`, `end`; `flowing` false makes writes report a slow client. */
export class FakeHttpTransport implements HttpTransport {
  readonly calls: string[] = []
  readonly heads: HeaderPairs[] = []
  flowing = true
  events: HttpEvents | undefined

  continue(): void {
    this.calls.push('continue')
  }

  earlyHint(headers: HeaderPairs): void {
    this.calls.push(`hint ${headers.length}`)
  }

  write({ head, chunk, trailers, end }: ResponsePart): boolean {
    if (head) this.heads.push(head.headers)
    if (head) this.calls.push(`head ${head.status}`)
    if (chunk !== null) this.calls.push(`chunk ${Buffer.from(chunk).toString()}`)
    if (trailers) this.calls.push(`trailers ${trailers.length}`)
    if (end) this.calls.push('end')
    return this.flowing
  }

  resume(): void {
    this.calls.push('resume')
  }

  pause(): void {
    this.calls.push('pause')
  }

  // Like a socket, it reports its end in a later turn.
  destroy(): void {
    this.calls.push('destroy')
    queueMicrotask(() => this.events?.onDisconnect())
  }
}

export interface CycleOptions {
  scope?: Partial<HttpScope>
  request?: Partial<RequestHead>
  settings?: Partial<ConstructorParameters<typeof HttpRun>[2]['settings']>
}

/** Starts `app` on a fake transport. */
export function startCycle(
  app: EventApp,
  { scope = {}, request = {}, settings = {} }: CycleOptions = {},
): {
  cycle: HttpRun
  transport: FakeHttpTransport
  log: RecordingLog
  done: Promise<unknown>
} {
  const transport = new FakeHttpTransport()
  const log = recordingLog()
  const hosting = { environ: {}, maxInlineBodyBytes: 1024, inlineThreads: false }
  const connection = new ServerExchangeContext(log, hosting)
  const whole = { ...httpScope(scope), 'isthmus.exchange': connection }
  const cycle = new HttpRun(app, whole, {
    transport,
    request: headWith({ method: whole.method, ...request }),
    context: connection,
    settings: {
      identity: { server: null, date: () => null },
      log,
      maxBodyBytes: Infinity,
      bodyTimeoutMs: Infinity,
      wheel: new TimerWheel(),
      debug: false,
      ...settings,
    },
  })
  transport.events = cycle
  return { cycle, transport, log, done: new Promise((resolve) => cycle.run(resolve)) }
}

/** The unhandled rejections while `work` runs, and in the turn after it. */
export async function unhandledIn(work: () => Promise<unknown>): Promise<unknown[]> {
  const unhandled: unknown[] = []
  const note = (error: unknown): number => unhandled.push(error)
  process.on('unhandledRejection', note)
  await work()
  await new Promise((resolve) => setImmediate(resolve))
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', note)
  return unhandled
}
