// Header pairs in the form of node:http2: one property for each name.

import type { OutgoingHttpHeaders } from 'node:http2'
import type { HeaderPairs } from '../../contract/events.ts'

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
  for (const [name, value] of headers) {
    const before = fields[name]
    fields[name] = before === undefined ? value : joined(name, before, value)
  }
}

// node:http2 refuses a list for a field that has one value. RFC 9110, 5.3: the commas mean the same, except for Set-Cookie.
function joined(
  name: string,
  before: number | string | string[],
  value: string,
): string | string[] {
  if (name !== 'set-cookie') return `${String(before)}, ${value}`
  return Array.isArray(before) ? [...before, value] : [String(before), value]
}
