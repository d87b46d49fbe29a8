// The module of an app, as users name it.

import { isAbsolute } from 'node:path'
import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import { InvalidOptionError } from '../errors.ts'

/**
 * Returns the URL of `module`: a URL, the text of a `file:` or `data:` URL, or an absolute path.
 *
 * @param name the function that takes the module, for messages
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for a relative path, which would need a caller to be
 *   relative to, and for any other text
 */
export function moduleUrl(name: string, module: URL | string): string {
  if (module instanceof URL) return module.href
  if (typeof module === 'string') {
    if (isAbsolute(module)) return pathToFileURL(module).href
    if (/^(?:file|data):/i.test(module) && URL.canParse(module)) return new URL(module).href
  }
  const given = typeof module === 'string' ? JSON.stringify(module) : inspect(module)
  throw new InvalidOptionError(
    `${name}(): the module cannot be ${given}, because a thread loads the module itself: write new URL('./app.js', import.meta.url), which is relative to the file that calls ${name}()`,
  )
}
