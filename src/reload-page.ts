// The part of pages of errors that waits for the next load of a development server, and shows the page anew then.

import { createHash } from 'node:crypto'

/** The variable with the number of the load of a development server. */
export const LOAD_VARIABLE = 'ISTHMUS_RELOAD_LOAD'

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

/** Whether a development server has started this process, so that a page of an error can wait for the next load. */
export function isReloaded(): boolean {
  return process.env[LOAD_VARIABLE] !== undefined
}
