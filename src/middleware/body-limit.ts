// bodyLimit(): refuses request bodies that are longer than the app expects.

import { BodyTooLargeError } from '../errors.ts'
import { checkNumber, completeOptions } from '../complete-options.ts'
import { middleware } from '../chain/middleware.ts'
import type { Wrap } from '../chain/wrap.ts'

/** Options of {@link bodyLimit}. */
export interface BodyLimitOptions {
  /** The longest body, in bytes. Default 1 MiB. */
  maxBytes?: number | undefined
}

const DEFAULTS = { maxBytes: 1024 * 1024 }

/**
 * Refuses a longer body with 413. If the request has a Content-Length, it is refused before the app runs; if not, the
 * app's read beyond the limit throws. `serve({ maxBodyBytes })` limits all apps in the same way; this middleware limits
 * the apps inside it.
 *
 * The server receives the whole body of an inline sync app before the app runs, and a pool of threads before a thread
 * gets the request. A body without a length may therefore be on the disk already when this limit stops it; only
 * `maxBodyBytes` keeps it off the disk.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an unknown option or an impossible value; at a
 *   request with a longer body, {@link BodyTooLargeError} (`ISTHMUS_BODY_TOO_LARGE`, status 413)
 * @see RFC 9110, 15.5.14
 *
 * @example
 * mount({ '/avatars': chain(bodyLimit({ maxBytes: 200 * 1024 }))(avatars), '/': app })
 */
export function bodyLimit(options: BodyLimitOptions = {}): Wrap {
  const { maxBytes } = completeOptions('bodyLimit', options, DEFAULTS)
  checkNumber('bodyLimit', 'maxBytes', maxBytes, { min: 0, isWhole: true })

  return middleware('body-limit', function* (request, next) {
    if (request.kind === 'websocket') return yield* next(request)
    if (Number(request.headers.get('content-length') ?? 0) > maxBytes)
      throw new BodyTooLargeError(maxBytes)
    let readBytes = 0
    const onBody = ({ length }: Uint8Array): void => {
      readBytes += length
      if (readBytes > maxBytes) throw new BodyTooLargeError(maxBytes)
    }
    return yield* next(request.with({ onBody }))
  })
}
