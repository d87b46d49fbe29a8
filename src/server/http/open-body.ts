// The body of a request, opened when its app asks for it.

import { RequestBody } from '../../async/request-body.ts'
import type { TimerWheel } from '../../waiting/timer-wheel.ts'
import type { RequestHead } from '../../http/request-head.ts'
import type { HttpTransport } from '../engine.ts'

/** The settings that a body needs. */
export interface BodySettings {
  maxBodyBytes: number
  bodyTimeoutMs: number
  wheel: TimerWheel
}

const HIGH_WATER_BYTES = 64 * 1024

/**
 * The body of `request`, which `transport` delivers from the first read on. A client that expects `100 Continue` gets it
 * then, unless the response has begun (RFC 9110, 10.1.1).
 */
export function openBody(
  request: RequestHead,
  transport: HttpTransport,
  settings: BodySettings,
  headSent: () => boolean,
): RequestBody {
  const flow = {
    start: () => {
      if (request.expectsContinue && !headSent()) transport.continue()
      transport.resume()
    },
    resume: () => transport.resume(),
    pause: () => transport.pause(),
  }
  const { maxBodyBytes: maxBytes, bodyTimeoutMs: timeoutMs, wheel } = settings
  const limits = { highWaterMark: HIGH_WATER_BYTES, maxBytes, timeoutMs, wheel }
  return new RequestBody(request.hasBody, flow, limits)
}
