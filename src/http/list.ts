// Lists in field values: members with commas between them (RFC 9110, 5.6.1). The functions use loops, because an expression
// for white space before a comma takes quadratic time on a long run of white space, and clients choose the values.

const TAB = 0x09
const SPACE = 0x20

/** `text` without spaces and tabs at its ends (RFC 9110, 5.6.3). NBSP stays: trim() would remove it. */
function trimOws(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isOws(text.charCodeAt(start))) start += 1
  while (end > start && isOws(text.charCodeAt(end - 1))) end -= 1
  return text.slice(start, end)
}

/** The members of a list, empty ones included: a list field may have them, and its reader decides. */
export function listMembers(value: string): string[] {
  return value.split(',').map(trimOws)
}

/** Whether a list field names `token` (lower-case), compared without case. */
export function listHasToken(value: string | undefined, token: string): boolean {
  if (value === undefined) return false
  // Most values are the token itself.
  if (value === token) return true
  return value.split(',').some((member) => trimOws(member).toLowerCase() === token)
}

function isOws(octet: number): boolean {
  return octet === SPACE || octet === TAB
}
