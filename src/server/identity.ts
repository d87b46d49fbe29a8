// What the server says of itself in a response head: `server` and `date`, the date made once a second.

import { setTimeout } from 'node:timers'
import type { Identity } from '../async/framing.ts'

/** The identity of a server; `server` null and `date` false leave the field out. */
export function makeIdentity(server: string | null, date: boolean): Identity {
  return { server, date: date ? httpDate : noDate }
}

let text: string | undefined

// Good until the second is over. Not by the clock, which costs more to ask than all of a short head to write.
function httpDate(): string {
  if (text === undefined) {
    const now = new Date()
    text = now.toUTCString()
    setTimeout(() => (text = undefined), 1000 - now.getMilliseconds()).unref()
  }
  return text
}

function noDate(): null {
  return null
}
