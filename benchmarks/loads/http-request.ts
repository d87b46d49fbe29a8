// The request that an HTTP load sends, and the results that it reports.

/** The request that each connection sends again and again. */
export interface HttpRequest {
  path: string
  /** `Name: value` */
  headers: readonly string[]
  /** Bytes of a POST; 0 is a GET. */
  bodyBytes: number
  /** Keep-alive connections, each with one request at a time. */
  connections: number
  /** Seconds after which a missing answer is a failure, if the load can tell. Default 10. */
  timeoutSeconds?: number
}

/** The results of a load: requests a second, and times of responses. */
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
