// Header pairs in the form of node:http2: one property for each name.

import type { OutgoingHttpHeaders } from 'node:http2'
import type { HeaderPairs } from '../../contract/events.ts'

// RFC 9113, 8.2.2: HTTP/2 has no fields about the connection, in trailers neither. node:http2 throws at them.
const DROPPED: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
])

/** The fields of a response, with its status. Fields with the same name get one list, in order. */
export function responseFields(status: number, headers: HeaderPairs): OutgoingHttpHeaders {
  const fields: OutgoingHttpHeaders = { ':status': status }
  addFields(fields, headers)
  return fields
}

/** The fields of trailers. */
export function trailerFields(trailers: HeaderPairs): OutgoingHttpHeaders {
  const fields: OutgoingHttpHeaders = {}
  addFields(fields, trailers)
  return fields
}

function addFields(fields: OutgoingHttpHeaders, headers: HeaderPairs): void {
  for (const pair of headers) {
    const [name] = pair
    if (DROPPED.has(name)) continue
    const value = trimmed(pair[1])
    // An object without a prototype has no inherited names, and takes twice the time.
    if (!Object.hasOwn(fields, name)) define(fields, name, value)
    else fields[name] = joined(name, fields[name], value)
  }
}

function define(fields: OutgoingHttpHeaders, name: string, value: string): void {
  if (name !== '__proto__') fields[name] = value
  else
    Object.defineProperty(fields, name, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    })
}

// RFC 9113, 8.2.1: a value with white space at an end makes the response malformed. trim() takes 0xA0 too.
function trimmed(value: string): string {
  let from = 0
  let to = value.length
  while (from < to && isSpace(value.charCodeAt(from))) from += 1
  while (to > from && isSpace(value.charCodeAt(to - 1))) to -= 1
  return to - from === value.length ? value : value.slice(from, to)
}

function isSpace(octet: number): boolean {
  return octet === 0x20 || octet === 0x09
}

// node:http2 refuses a list for a field that has one value. RFC 9110, 5.3: the commas mean the same, except for Set-Cookie.
function joined(name: string, before: unknown, value: string): string | string[] {
  if (name !== 'set-cookie') return `${String(before)}, ${value}`
  return Array.isArray(before) ? [...(before as string[]), value] : [String(before), value]
}
