// The status as text: the code and its reason phrase (RFC 9110, 15.1).

import { STATUS_CODES } from 'node:http'

/** `status` as startResponse takes it: `'404 Not Found'`. A code that Node does not know has an empty reason. */
export function statusLine(status: number): string {
  return `${status} ${STATUS_CODES[status] ?? ''}`
}
