// bodyLimit(): no more of a request's body than an app is made for.

import bytes from 'bytes'
import { BodyTooLargeError } from '../errors.ts'
import { completeOptions, invalidOption } from '../complete-options.ts'
import { middleware } from '../chain/middleware.ts'
import type { Wrap } from '../chain/wrap.ts'

/** Options of {@link bodyLimit}. */
export interface BodyLimitOptions {
  /** The longest body: bytes, or a size such as `'10mb'`, of 1,024s. Default 1,048,576. */
  maxBytes?: number | string
}

const DEFAULTS: Required<BodyLimitOptions> = { maxBytes: 1024 * 1024 }

const SIZE = /^\d+(?:\.\d+)? *(?:b|kb|mb|gb|tb)?$/i

/**
 * Refuses a longer body with 413: at once where its Content-Length says so, else when the app reads beyond the limit,
 * where the read throws. It stands around a part of the apps, as `serve({ maxBodyBytes })` does around all of them.
 *
 * A body without a length may be on the server's disk already when an inline sync app reads it; `maxBodyBytes` stops it
 * before.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an unknown option or an impossible value; a request that
 *   is too long, {@link BodyTooLargeError} (`ISTHMUS_BODY_TOO_LARGE`, 413; RFC 9110, 15.5.14)
 *
 * @example
 * mount({ '/avatars': chain(bodyLimit({ maxBytes: '200kb' }))(avatars), '/': app })
 */
export function bodyLimit(options: BodyLimitOptions = {}): Wrap {
  const { maxBytes } = completeOptions('bodyLimit', options, DEFAULTS)
  const limit = sizeOf(maxBytes)

  return middleware('body-limit', function* (request, next) {
    if (request.kind === 'websocket') return yield* next(request)
    if (Number(request.headers.get('content-length') ?? 0) > limit)
      throw new BodyTooLargeError(limit)
    let readBytes = 0
    const onBody = ({ length }: Uint8Array): void => {
      readBytes += length
      if (readBytes > limit) throw new BodyTooLargeError(limit)
    }
    return yield* next(request.with({ onBody }))
  })
}

function sizeOf(given: number | string): number {
  const size = typeof given === 'string' && SIZE.test(given) ? bytes.parse(given) : given
  if (typeof size === 'number' && Number.isFinite(size) && size >= 0) return size
  throw invalidOption(
    'bodyLimit',
    'maxBytes',
    given,
    "it is a number of bytes, or a size as '10mb'",
  )
}
