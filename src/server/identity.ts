// What the server says of itself in a response head: `server` and `date`, the date made once a second.

import type { Identity } from '../async/framing.ts'

/** The identity of a server; `server` null and `date` false leave the field out. */
export function makeIdentity(server: string | null, date: boolean): Identity {
  return { server, date: date ? httpDate : noDate }
}

let second = 0
let text = ''

function httpDate(): string {
  const now = Math.floor(Date.now() / 1000)
  if (now !== second) {
    second = now
    text = new Date(now * 1000).toUTCString()
  }
  return text
}

function noDate(): null {
  return null
}
