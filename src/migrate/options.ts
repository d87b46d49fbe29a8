// The options of migrate(). Types only.

import type { HeaderPairs, HttpScope, WebSocketScope } from '../contract/events.ts'
import type { MismatchReport } from '../contract/report.ts'
import type { App } from '../bridge/style.ts'

/**
 * The mark by which a client is known: a cookie that `migrate` sets, a field of the request, or a function that returns an id. A
 * client with the same id stays with its app. `false` draws each request anew.
 */
export type Sticky =
  | { cookie: string }
  | { header: string }
  | ((scope: HttpScope | WebSocketScope) => string | undefined)
  | false

/** The options of {@link migrate}. */
export interface MigrateOptions {
  /** The old app, of any style. */
  from: App
  /** The new app, of any style. */
  to: App
  /** The part of the clients that the new app answers, from 0 to 1. Default 0. */
  share?: number | undefined
  /**
   * The mark by which a client is known. Default `{ cookie: 'isthmus-migrate' }`. A request without the field, or for which the
   * function returns undefined, goes to the old app, unless `share` is 1.
   */
  sticky?: Sticky | undefined
  /** Copies of requests to the old app go to the new app, and the answers are compared. Default null: no copies. */
  shadow?: ShadowOptions | null | undefined
  /** How two answers are compared. */
  compare?: CompareOptions | undefined
  /**
   * Is called once for each mismatch that stands: at once, or with a baseline after 20 further comparisons of its route
   * or 60 seconds in which it did not prove to be noise. An error that it throws goes to the log. Default: nothing.
   */
  onMismatch?: ((mismatch: MismatchReport) => void) | undefined
  /**
   * The names of fields and of members of JSON objects whose values are hidden in the record, in any case of letters.
   * `authorization`, `proxy-authorization`, `cookie` and `set-cookie` are always hidden. Default: `password`, `passwd`,
   * `secret`, `token`, `access_token`, `refresh_token`, `id_token`, `api_key`, `apikey`, `x-api-key`.
   */
  redact?: readonly string[] | undefined
}

/** The copies of requests. */
export interface ShadowOptions {
  /** The part of the requests that are copied, from 0 to 1. Default 1. */
  rate?: number | undefined
  /** The methods of the requests that are copied. Default `['GET', 'HEAD']`: they are safe (RFC 9110, 9.2.1). */
  methods?: readonly string[] | undefined
  /** The most copies that run at the same time. Default 8. */
  concurrency?: number | undefined
  /** How long a copy may take, in ms. Default 10,000. */
  timeoutMs?: number | undefined
  /** The longest body of a request or an answer that is copied or compared, in bytes. Default 1 MiB. */
  maxBodyBytes?: number | undefined
  /** Sends a second copy to the old app, to learn in which parts it differs from itself. Default false. */
  baseline?: boolean | undefined
}

/** One of two answers, for a function that compares their bodies. */
export interface ComparedAnswer {
  status: number
  /** Lower-case names. */
  headers: HeaderPairs
  /** Without its content coding. */
  body: Uint8Array
}

/** How two answers are compared. */
export interface CompareOptions {
  /** Whether the status counts. Default true. */
  status?: boolean | undefined
  /**
   * The fields that count, in any case of letters. Default `content-type`, `content-disposition`, `content-language`,
   * `cache-control`, `location`, `vary`, `allow` and `www-authenticate`.
   */
  headers?: readonly string[] | undefined
  /**
   * `json` compares the values of two JSON bodies, and the bytes of all others. `exact` compares the bytes. `ignore`
   * compares as `json` does, without the parts at these JSON pointers (RFC 6901); `*` stands for one name or index. A
   * function returns whether two bodies are equal. Default `json`.
   */
  body?:
    | 'exact'
    | 'json'
    | { ignore: readonly string[] }
    | ((from: ComparedAnswer, to: ComparedAnswer) => boolean)
    | undefined
}

/** The changes of `set()` of a migration; a setting that is left out stays. */
export interface MigrationChange {
  /** The part of the clients that the new app answers, from 0 to 1. */
  share?: number | undefined
  /** Some options of the shadow, which begins if there was none; null ends it. */
  shadow?: ShadowOptions | null | undefined
}
