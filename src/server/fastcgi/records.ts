// The records of FastCGI as bytes, and their name-value pairs.
// @see https://fastcgi-archives.github.io/FastCGI_Specification.html, 3.3, 3.4 and 5.5

import { BadRequestError } from '../../errors.ts'

/** The numbers of the record types. */
export const TYPE = {
  begin: 1,
  abort: 2,
  end: 3,
  params: 4,
  stdin: 5,
  stdout: 6,
  getValues: 9,
  getValuesResult: 10,
  unknown: 11,
} as const

/** The protocol status of an end record. */
export const END_STATUS = { complete: 0, noMultiplexing: 1, unknownRole: 3 } as const

/** The bytes of a record header. */
export const HEADER_BYTES = 8

const VERSION = 1

/** A record header for `size` bytes of content, at most 65,535, without padding. */
export function recordHeader(type: number, id: number, size: number): Buffer {
  return Buffer.from([VERSION, type, id >> 8, id & 0xff, size >> 8, size & 0xff, 0, 0])
}

/** A whole record. */
export function record(type: number, id: number, content: Uint8Array): Buffer {
  return Buffer.concat([recordHeader(type, id, content.length), content])
}

/** The record that ends request `id`. `appStatus` is 0 for a whole response. */
export function endRecord(id: number, protocolStatus: number, appStatus = 0): Buffer {
  const content = Buffer.alloc(8)
  content.writeUInt32BE(appStatus)
  content[4] = protocolStatus
  return record(TYPE.end, id, content)
}

/**
 * Reads name-value pairs, in latin-1.
 *
 * @throws {@link BadRequestError} (`ISTHMUS_BAD_REQUEST`) for a length that goes beyond the content
 */
export function readPairs(content: Buffer): Array<[name: string, value: string]> {
  const pairs: Array<[string, string]> = []
  for (let at = 0; at < content.length;) {
    const name = readLength(content, at)
    const value = readLength(content, name.end)
    const nameEnd = value.end + name.length
    const end = nameEnd + value.length
    if (end > content.length) throw noPairs()
    pairs.push([
      content.toString('latin1', value.end, nameEnd),
      content.toString('latin1', nameEnd, end),
    ])
    at = end
  }
  return pairs
}

// One octet, or four if the first bit is set.
function readLength(content: Buffer, at: number): { length: number; end: number } {
  const first = content[at]
  if (first === undefined) throw noPairs()
  if (first < 0x80) return { length: first, end: at + 1 }
  if (at + 4 > content.length) throw noPairs()
  return { length: content.readUInt32BE(at) & 0x7f_ff_ff_ff, end: at + 4 }
}

function noPairs(): BadRequestError {
  return new BadRequestError('the parameters are no pairs of names and values')
}

/** Pairs as bytes. Names and values are shorter than 128 characters of ASCII. */
export function shortPairs(pairs: ReadonlyArray<readonly [name: string, value: string]>): Buffer {
  const parts = pairs.map(([name, value]) =>
    Buffer.from(`${String.fromCharCode(name.length, value.length)}${name}${value}`, 'latin1'),
  )
  return Buffer.concat(parts)
}
