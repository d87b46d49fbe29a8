// What the suite asks of an engine, whichever it is: one request, or a response that is read bit by bit.

import type { HeaderPairs, HostedApp } from 'isthmus'

/** What is sent. */
export interface Request {
  method?: string
  target?: string
  headers?: HeaderPairs
  /** A string goes out with its Content-Length, an array chunk by chunk. */
  body?: string | string[]
}

/** What came back; `date` is normalised, and `body` is latin-1. */
export interface Answer {
  status: number
  headers: HeaderPairs
  /** Null when it was cut: never to be taken for whole. */
  body: string | null
}

/** A response under way. */
export interface Stream {
  /** The next chunk as latin-1. */
  read(): Promise<string>
  /** The client goes away. */
  leave(): void
}

/** An app on an engine. Whoever started it disposes of it. */
export interface Host extends AsyncDisposable {
  ask(request?: Request): Promise<Answer>
  open(request?: Request): Promise<Stream>
}

/** Starts an app. */
export type Engine = (app: HostedApp) => Promise<Host>

/** `headers` with a date that can be compared. */
export function dateless(headers: HeaderPairs): HeaderPairs {
  return headers.map(([name, value]) => [name, name === 'date' ? 'DATE' : value])
}
