// The fields that the server adds to a response head by itself: `server`, and `date`, which is made once a second.

import { setTimeout } from 'node:timers'
import type { Identity } from '../async/framing.ts'

/** The identity of a server. A `server` of null and a `date` of false leave the field out. */
export function makeIdentity(server: string | null, date: boolean): Identity {
  return { server, date: date ? httpDate : noDate }
}

let text: string | undefined

// A timer drops the text when the second is over. To read the clock for each response costs more than to write a short head.
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
