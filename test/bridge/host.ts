// A host for event apps in tests: it delivers events, records the sent ones, and its client may leave.

import { ServerExchangeContext } from '../../src/async/exchange-context.ts'
import { makeReceive } from '../../src/async/receive.ts'
import { ClientDisconnectedError } from '../../src/errors.ts'
import type {
  EventApp,
  HttpScope,
  Receive,
  ReceiveEvent,
  Scope,
  SendEvent,
} from '../../src/contract/events.ts'
import type { Log } from '../../src/contract/log.ts'

/** A log that records its lines as `level: message`, and their fields. */
export interface RecordingLog extends Log {
  readonly lines: string[]
  readonly fields: Array<Record<string, unknown>>
}

export function recordingLog(): RecordingLog {
  const lines: string[] = []
  const fields: Array<Record<string, unknown>> = []
  const at = (level: string) => (about: Record<string, unknown>, message: string) => {
    lines.push(`${level}: ${message}`)
    fields.push(about)
  }
  return {
    lines,
    fields,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
  }
}

export function httpScope(parts: Partial<HttpScope> = {}): HttpScope {
  return {
    type: 'http',
    asgi: { version: '3.0', specVersion: '2.5' },
    httpVersion: '1.1',
    method: 'GET',
    scheme: 'http',
    path: '/',
    rawPath: '/',
    queryString: '',
    rootPath: '',
    headers: [],
    client: null,
    server: null,
    state: {},
    extensions: {},
    ...parts,
  }
}

/** The server's side of one call of an app. */
export class Host {
  readonly sent: SendEvent[] = []
  readonly log: RecordingLog = recordingLog()
  readonly connection: ServerExchangeContext = new ServerExchangeContext(this.log)
  /** Called before each event is accepted; `send` rejects with its error. */
  onSend: (event: SendEvent) => unknown = () => undefined
  readonly #events: ReceiveEvent[]
  readonly #left: Promise<ReceiveEvent>
  #leave: () => void = () => undefined
  #isGone = false

  /** @param body the request body, one event for each part; null cuts the body at this point */
  constructor(...body: Array<string | Uint8Array | null>) {
    this.#events = body
      .filter((part) => part !== null)
      .map((part, index) => {
        const moreBody = index < body.length - 1
        return { type: 'http.request', body: Buffer.from(part), moreBody }
      })
    if (body.length === 0)
      this.#events = [{ type: 'http.request', body: Buffer.alloc(0), moreBody: false }]
    this.#left = new Promise((resolve) => {
      this.#leave = () => resolve({ type: 'http.disconnect' })
    })
    if (body.at(-1) === null) this.#leave()
  }

  readonly receive: Receive = makeReceive(() => {
    const event = this.#isGone ? undefined : this.#events.shift()
    return event ? Promise.resolve(event) : this.#left
  })

  readonly send = async (event: SendEvent): Promise<void> => {
    if (this.#isGone) throw new ClientDisconnectedError()
    await this.onSend(event)
    this.sent.push(event)
  }

  /** The client leaves. */
  leave(): void {
    this.#isGone = true
    this.#leave()
    this.connection.disconnect()
  }

  /** Calls `app` with a scope of this host. */
  run(app: EventApp, scope: Scope = httpScope()): Promise<void> {
    if (scope.type !== 'lifespan') scope['isthmus.exchange'] = this.connection
    return app(scope, this.receive, this.send)
  }

  /** The types of the sent events. */
  get types(): string[] {
    return this.sent.map(({ type }) => type.replace('http.response.', ''))
  }
}

/** Waits until all ready callbacks have run. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** The error of `work`; undefined if it resolves. */
export function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  )
}
