// The cases of one bundled middleware. Pool threads load a row too, so it imports no test runner.

import type { HeaderPairs } from 'isthmus'
import type { Wrap } from '../../../src/middleware.ts'

/** The app inside the middleware; each exists in every style. */
export type Recipe =
  /** Answers 200 with the request as the app sees it, a {@link Seen} in JSON. A WebSocket sends it as its first message. */
  | { app: 'view' }
  /** Answers with all `chunks` at once: an Array, or one event. */
  | { app: 'whole'; status?: number; headers?: HeaderPairs; chunks: string[] }
  /** Answers with `chunks`, one by one. */
  | { app: 'streamed'; status?: number; headers?: HeaderPairs; chunks: string[] }
  /** Answers with the body of the request. */
  | { app: 'echo' }
  /** Throws `new Error(message)`: before the head, or after `chunks`. */
  | { app: 'failing'; message: string; chunks?: string[] }

/** The request as an app sees it, in the same words in every style. */
export interface Seen {
  method: string
  /** `http` or `https`, for a WebSocket too. */
  scheme: string
  path: string
  rootPath: string
  query: string
  /** `host:port`. */
  client: string | null
  /** The fields without those of a handshake; repeated fields are joined. */
  headers: Record<string, string>
  /** The state that the server's lifespan and the middleware set. */
  state: Record<string, unknown>
  /** The scheme of a check and the name of the user that passed it; left out without one. */
  auth?: [type: string | undefined, user: string]
}

/** The request of a client. */
export interface Ask {
  method?: string
  target?: string
  headers?: HeaderPairs
  body?: string
  /** Whether the request comes over TLS. */
  secure?: boolean
  /** The address of the client. Default `['127.0.0.1', 49152]`. */
  client?: [host: string, port: number] | null
}

/** The answer that a client gets, without `date` and `server`. For a WebSocket: the handshake and the first message. */
export interface Answer {
  /** The status. The 101 of a WebSocket is shown as 200, so that all subjects have the same status. */
  status: number
  /** The fields in order; for a WebSocket without those that frame a body. */
  headers: HeaderPairs
  /** The body in Latin-1; null if it was cut. */
  body: string | null
}

/** One behaviour, the same for every subject. */
export interface Case {
  title: string
  app: Recipe
  ask?: Ask
  expected: Answer
  /** Changes an answer into a form that can be compared: undoes a coding, hides values that differ each time. */
  normalised?: (answer: Answer) => Answer
  /** The subjects that cannot do it, with the reason, which the test prints. */
  gaps?: Gaps
}

/** The subjects under test. */
export type SubjectName =
  | 'sync, inline'
  | 'sync, chain in the thread'
  | 'sync, chain around threads()'
  | 'iterable'
  | 'events'
  | 'websocket'

/** The reasons of the subjects that cannot do it. */
export type Gaps = Partial<Record<SubjectName, string>>

/** One bundled middleware. */
export interface Row {
  name: string
  /** Makes the middleware, with options that show an effect and use nothing random. */
  wrap: () => Wrap
  cases: Case[]
  /** A request for `/` that the middleware lets through, with its body on the way. Default: one with a host. */
  ask?: Pick<Ask, 'headers' | 'secure'>
  /** Why the middleware changes every body; left out if it changes none. */
  touchesBody?: string
  /** The subjects that the middleware cannot wrap. */
  gaps?: Gaps
}

/** The gaps of a case for handshakes alone. */
export function handshakesOnly(reason: string): Gaps {
  return {
    'sync, inline': reason,
    'sync, chain in the thread': reason,
    'sync, chain around threads()': reason,
    iterable: reason,
    events: reason,
  }
}

/** The answer of the app `view`, with only these fields in its head. */
export function viewed(seen: Partial<Seen>, headers: HeaderPairs = []): Answer {
  const body = JSON.stringify({ ...PLAIN, ...seen })
  const own: HeaderPairs = [
    ['content-type', 'application/json'],
    ['content-length', String(body.length)],
  ]
  return { status: 200, headers: [...own, ...headers], body }
}

const PLAIN: Seen = {
  method: 'GET',
  scheme: 'http',
  path: '/',
  rootPath: '',
  query: '',
  client: '127.0.0.1:49152',
  headers: { host: 'example.test' },
  state: {},
}
