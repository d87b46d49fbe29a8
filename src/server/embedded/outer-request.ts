// The changes that a framework around the app makes to a request: its URL below a mount, and a body that was read.

import { AppError } from '../../errors.ts'
import { streamOf } from './outer-stream.ts'
import type { IncomingMessage } from 'node:http'
import type { HeaderPairs } from '../../contract/events.ts'

/** The place of an app in the URLs of its outer framework. */
export interface OuterTarget {
  /** The target with the mount path. */
  target: string
  /** The mount path as the client sent it; `''` at the root. */
  base: string
}

/** The fields that frameworks and body parsers add to a request. */
interface OuterFields {
  url?: string | undefined
  /** Express, Connect and middie keep the target of the client here. */
  originalUrl?: unknown
  /** Express has the mount path here; the others only remove it from `url`. */
  baseUrl?: unknown
  rawBody?: unknown
}

const ORIGIN = /^https?:\/\/[^/?#]*/i

/**
 * The whole target of `req`. It is the target of the client, unless a middleware has rewritten the URL: then it is the
 * mount path and the new URL.
 */
export function outerTarget(req: OuterFields): OuterTarget {
  const { url = '/', originalUrl, baseUrl } = req
  if (typeof originalUrl !== 'string') return { target: url, base: '' }
  const origin = ORIGIN.exec(url)?.[0] ?? ''
  const below = url.slice(origin.length)
  const whole = originalUrl.slice(ORIGIN.exec(originalUrl)?.[0].length ?? 0)
  const base = typeof baseUrl === 'string' ? baseUrl : removedBase(whole, below)
  const isSame = base + below === whole || base + withoutAddedSlash(below) === whole
  return { target: isSame ? originalUrl : origin + base + below, base }
}

function removedBase(whole: string, below: string): string {
  for (const rest of [below, withoutAddedSlash(below)]) {
    const base = whole.slice(0, whole.length - rest.length)
    if (whole.endsWith(rest) && !base.includes('?')) return base
  }
  return ''
}

// Frameworks give a mounted handler the URL `/` for `/mount`, and `/?query` for `/mount?query`.
function withoutAddedSlash(url: string): string {
  return /^\/(?:\?|$)/.test(url) ? url.slice(1) : url
}

/**
 * The body of `req` if other code has read it: its bytes, or the error for an app that wants them. Null: the body can
 * still be read.
 */
export function readBefore(req: IncomingMessage & OuterFields): Uint8Array | AppError | null {
  const { rawBody } = req
  if (!req.readableDidRead) return req.readableEnded ? new Uint8Array(0) : null
  if (rawBody instanceof Uint8Array) return rawBody
  if (typeof rawBody === 'string') return Buffer.from(rawBody)
  return new AppError(
    'the request body was read before the app got it: put toNode() in front of body parsers such as express.json(), ' +
      'or let the parser keep the bytes in req.rawBody',
  )
}

/** Stops a body that flows because other code listens to it: the app reads later. Returns whether it flowed. */
export function holdBody(req: IncomingMessage): boolean {
  const isHeld = hasBodyOf(req) && req.readableFlowing === true
  if (isHeld) req.pause()
  return isHeld
}

/** Whether the head of `req` announces a body that is not empty. In HTTP/2, the stream goes on after the head. */
export function hasBodyOf(req: IncomingMessage): boolean {
  const stream = streamOf(req)
  if (stream !== null) return !stream.endAfterHeaders
  const { 'content-length': length = '0', 'transfer-encoding': coding } = req.headers
  return coding !== undefined || Number(length) !== 0
}

/**
 * The fields for a body of `size` bytes that a body parser has read. A parser inflates a body, so bytes of another size
 * than the client announced have no content coding any more.
 */
export function fieldsOfReadBody(headers: HeaderPairs, size: number): HeaderPairs {
  const isAsSent = headers.some(
    ([name, value]) => name === 'content-length' && Number(value) === size,
  )
  if (isAsSent) return headers
  const kept = headers.filter(([name]) => !FIELDS_OF_BODY.has(name))
  return [...kept, ['content-length', String(size)]]
}

const FIELDS_OF_BODY = new Set(['content-length', 'content-encoding', 'transfer-encoding'])
