// The interface of an engine for the suite: one whole request, or a response that is read chunk by chunk.

import type { HeaderPairs, HostedApp } from 'isthmus'

/** The request to send. */
export interface Request {
  method?: string
  target?: string
  headers?: HeaderPairs
  /** A string is sent with a Content-Length, an array as chunks. */
  body?: string | string[]
}

/** The response. `date` is normalised, and `body` is latin-1. */
export interface Answer {
  status: number
  headers: HeaderPairs
  /** Null if the body was cut, so that it never passes for a whole one. */
  body: string | null
}

/** A response that is still being read. */
export interface Stream {
  /** The next chunk as latin-1. */
  read(): Promise<string>
  /** The client leaves. */
  leave(): void
}

/** An app on an engine. The caller of {@link Engine} disposes of the host. */
export interface Host extends AsyncDisposable {
  ask(request?: Request): Promise<Answer>
  open(request?: Request): Promise<Stream>
}

/** Starts an app. */
export type Engine = (app: HostedApp) => Promise<Host>

/** `headers` with a fixed date, for comparison. */
export function dateless(headers: HeaderPairs): HeaderPairs {
  return headers.map(([name, value]) => [name, name === 'date' ? 'DATE' : value])
}
