// The part of pages of errors that waits for the next load of a development server, and shows the page anew then.

import { createHash } from 'node:crypto'

/** The path at which a development server tells the number of its load. */
export const RELOAD_PATH = '/.isthmus/reload'

const SCRIPT = `let load
new EventSource('${RELOAD_PATH}').onmessage = ({ data }) => {
  if (load !== undefined && load !== data) location.reload()
  load = data
}`

/** The script as a part of a page. */
export const RELOAD_SCRIPT: string = `<script>${SCRIPT}</script>`

/** The directives of a content security policy that let {@link RELOAD_SCRIPT} run, and no other script. */
export const RELOAD_POLICY: string = `script-src 'sha256-${createHash('sha256').update(SCRIPT).digest('base64')}'; connect-src 'self'`

/** The event of a load. A client whose connection ends asks again after a tenth of a second. */
export function loadEvent(load: string): string {
  return `retry: 100\ndata: ${load}\n\n`
}
