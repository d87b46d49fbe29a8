// What an HTTP load is asked for, and what it answers.

/** What every connection asks for, over and over. */
export interface HttpRequest {
  path: string
  /** `Name: value` */
  headers: readonly string[]
  /** Bytes of a POST; 0 is a GET. */
  bodyBytes: number
  /** Keep-alive connections, each with one request at a time. */
  connections: number
}

/** What a load achieved, and how long a response took. */
export interface Throughput {
  requests: number
  perSecond: number
  p50Ms: number
  p99Ms: number
}

/**
 * Asks for `seconds`.
 *
 * @throws Error when a request fails: no row is made of errors
 */
export type HttpLoad = (url: string, request: HttpRequest, seconds: number) => Promise<Throughput>
