// The head of a response as CGI writes it: a Status field in the place of a status line.

import { withoutHostFields } from '../../bridge/host-fields.ts'
import { statusLine } from '../../http/status-line.ts'
import type { ResponseHead } from '../../async/framing.ts'

/**
 * The head as text, in latin-1. The web server frames the response again, so the fields of the framing are left out; a field
 * `status` of the app would replace the status.
 *
 * @see RFC 3875, 6.3
 */
export function statusHead({ status, headers }: ResponseHead): string {
  let head = `Status: ${statusLine(status)}\r\n`
  for (const [name, value] of withoutHostFields(headers)) {
    if (name !== 'status') head += `${name}: ${value}\r\n`
  }
  return `${head}\r\n`
}
