// What a bundled middleware has to say for itself. A row is loaded by pool threads too, so it imports no test runner.

import type { HeaderPairs } from 'isthmus'
import type { Wrap } from '../../../src/middleware.ts'

/** Which app stands inside; each is written in every style. */
export type Recipe =
  /** Answers 200 with what it sees of the request, as JSON: a {@link Seen}. A WebSocket sends it as its first message. */
  | { app: 'view' }
  /** Answers with `chunks` that are all there: an Array, one event. */
  | { app: 'whole'; status?: number; headers?: HeaderPairs; chunks: string[] }
  /** Answers with `chunks`, one by one. */
  | { app: 'streamed'; status?: number; headers?: HeaderPairs; chunks: string[] }
  /** Answers with the body of the request. */
  | { app: 'echo' }
  /** Throws `new Error(message)`: before the head, or behind `chunks`. */
  | { app: 'failing'; message: string; chunks?: string[] }

/** What an app sees of its request: the same words in every style. */
export interface Seen {
  method: string
  /** Of a WebSocket too: `http` or `https`. */
  scheme: string
  path: string
  rootPath: string
  query: string
  /** `host:port`. */
  client: string | null
  /** Without those of a handshake; repeated ones are joined. */
  headers: Record<string, string>
  /** What the server's lifespan and the middleware left for it. */
  state: Record<string, unknown>
}

/** What a client asks. */
export interface Ask {
  method?: string
  target?: string
  headers?: HeaderPairs
  body?: string
  /** Over TLS. */
  secure?: boolean
  /** Default `['127.0.0.1', 49152]`. */
  client?: [host: string, port: number] | null
}

/** What a client gets: without `date` and `server`. Of a WebSocket it is its handshake and its first message. */
export interface Answer {
  /** 101 of a WebSocket is shown as 200: it is what the app said. */
  status: number
  /** In order; of a WebSocket without those that frame a body. */
  headers: HeaderPairs
  /** Latin-1; null where it was cut. */
  body: string | null
}

/** One behaviour, the same for every subject. */
export interface Case {
  title: string
  app: Recipe
  ask?: Ask
  expected: Answer
  /** Brings an answer into a form that can be compared: undoes a coding, hides what differs each time. */
  normalised?: (answer: Answer) => Answer
  /** Subjects that cannot do it, with the reason; it is printed. */
  gaps?: Gaps
}

/** Who is under test. */
export type SubjectName =
  | 'sync, inline'
  | 'sync, chain in the thread'
  | 'sync, chain around threads()'
  | 'iterable'
  | 'events'
  | 'websocket'

/** Why a subject cannot. */
export type Gaps = Partial<Record<SubjectName, string>>

/** One bundled middleware. */
export interface Row {
  name: string
  /** Makes it, with options that show it at work, and with nothing random in them. */
  wrap: () => Wrap
  cases: Case[]
  /** A request for `/` that the middleware lets through, with its body on the way. Default: one with a host. */
  ask?: Pick<Ask, 'headers' | 'secure'>
  /** Why it changes every body on its way; left out where a body passes untouched. */
  touchesBody?: string
  /** Subjects that it cannot stand around at all. */
  gaps?: Gaps
}

/** The answer of the app `view`, with nothing else in its head. */
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
