// The classes of octets in HTTP/1.1 (RFC 9110, 5.5 and 5.6; RFC 9112, 2 and 3).

export const HTAB = 0x09
export const LF = 0x0a
export const CR = 0x0d
export const SP = 0x20
export const COLON = 0x3a

/** `IS_TOKEN[octet]` is 1 for a tchar: methods, field names. */
export const IS_TOKEN: Uint8Array = octetClass(/[!#$%&'*+.^_`|~0-9A-Za-z-]/)

/** `IS_VISIBLE[octet]` is 1 for printable ASCII without SP: the octets of a target in any form. */
export const IS_VISIBLE: Uint8Array = octetClass(/[\x21-\x7e]/)

/** `IS_FIELD_CONTENT[octet]` is 1 for the octets of a field value: HTAB, SP, printable ASCII, obs-text. */
export const IS_FIELD_CONTENT: Uint8Array = octetClass(/[\t\x20-\x7e\x80-\xff]/)

/** The offset of the first octet, from `at` on, that is not in `members`; `end` if all are. */
export function skip(members: Uint8Array, block: Uint8Array, at: number, end: number): number {
  let next = at
  // Two octets at a time: the parser spends most of its time in this loop.
  while (next + 1 < end) {
    const first = members[block[next] as number] as number
    const second = members[block[next + 1] as number] as number
    if ((first & second) === 0) break
    next += 2
  }
  while (next < end && members[block[next] as number] === 1) next++
  return next
}

/** An octet in the form that error messages show. */
export function shown(octet: number | undefined): string {
  if (octet === CR) return 'a bare CR'
  if (octet === LF) return 'a bare LF'
  return JSON.stringify(String.fromCharCode(octet ?? 0))
}

function octetClass(members: RegExp): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, octet) =>
    members.test(String.fromCharCode(octet)) ? 1 : 0,
  )
}
