// The cookie by which a client is known (RFC 6265): a random id that says nothing about the client.

import { randomBytes } from 'node:crypto'
import type { HeaderPairs, Send, SendEvent } from '../contract/events.ts'

const ID_BYTES = 16
const ID = /^[\w-]{22}$/
// A year: browsers keep no cookie for longer than 400 days.
const MAX_AGE_SECONDS = 365 * 24 * 60 * 60

/** A new id, of 128 random bits. */
export function clientId(): string {
  return randomBytes(ID_BYTES).toString('base64url')
}

/** The value of `Set-Cookie` for `id`. */
export function clientCookie(name: string, id: string, isSecure: boolean): string {
  const secure = isSecure ? '; Secure' : ''
  return `${name}=${id}; Path=/; Max-Age=${MAX_AGE_SECONDS}; HttpOnly; SameSite=Lax${secure}`
}

/** The id in the cookie `name` of a request; undefined if it has none, or one that isthmus did not make. */
export function cookieOf(headers: HeaderPairs, name: string): string | undefined {
  for (const [field, value] of headers) {
    if (field !== 'cookie') continue
    const id = valueIn(value, name)
    if (id !== undefined && ID.test(id)) return id
  }
  return undefined
}

function valueIn(cookies: string, name: string): string | undefined {
  for (const pair of cookies.split(';')) {
    const [key, value] = pair.split('=', 2)
    if (key?.trim() === name) return value?.trim()
  }
  return undefined
}

/** A `send` that adds `cookie` to the head of the answer, or to the handshake of a WebSocket. */
export function sendWithCookie(send: Send, cookie: string): Send {
  return (event) => send(takesCookie(event) ? withCookie(event, cookie) : event)
}

type HeadEvent = Extract<SendEvent, { headers?: HeaderPairs }>

function takesCookie(event: SendEvent): event is HeadEvent {
  const type = event?.type
  return (
    type === 'http.response.start' ||
    type === 'websocket.accept' ||
    type === 'websocket.http.response.start'
  )
}

// Headers that are no list go on as they are, to the check of the exchange.
function withCookie(event: HeadEvent, cookie: string): SendEvent {
  const { headers = [] } = event
  if (!Array.isArray(headers)) return event
  return { ...event, headers: [...headers, ['set-cookie', cookie]] }
}
