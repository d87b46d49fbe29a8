// The module of an app, as users name it.

import { existsSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import { InvalidOptionError } from '../errors.ts'

/**
 * Returns the URL of `module`: a URL, the text of a `file:` or `data:` URL, or an absolute path.
 *
 * TypeScript writes `.js` or `.ts` for one module, and its compiler leaves a URL as it is. If there is no file with this
 * extension, the file beside it with the other extension is the module: `app.js` for `app.ts`, and the reverse.
 *
 * @param name the function that takes the module, for messages
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for a relative path, which would need a caller to be
 *   relative to, and for any other text
 */
export function moduleUrl(name: string, module: URL | string): string {
  const url = urlOf(module)
  if (url) return url.protocol === 'file:' ? existing(url) : url.href
  const given = typeof module === 'string' ? JSON.stringify(module) : inspect(module)
  const example = typeof module === 'string' && /^[^:]+\.\w+$/.test(module) ? module : 'app.js'
  const path = example.startsWith('.') ? example : `./${example}`
  throw new InvalidOptionError(
    `${name}(): the module cannot be ${given}, because a thread loads the module itself: write new URL('${path}', import.meta.url), which is relative to the file that calls ${name}(), or in a CommonJS file path.join(__dirname, '${path}')`,
  )
}

function urlOf(module: URL | string): URL | undefined {
  if (module instanceof URL) return module
  if (typeof module !== 'string') return undefined
  if (isAbsolute(module)) return pathToFileURL(module)
  return /^(?:file|data):/i.test(module) && URL.canParse(module) ? new URL(module) : undefined
}

const SOURCE = /\.([cm]?)ts(x?)$/
const COMPILED = /\.([cm]?)js(x?)$/

function existing(url: URL): string {
  if (isThere(url)) return url.href
  const { pathname } = url
  const others = SOURCE.test(pathname)
    ? [pathname.replace(SOURCE, '.$1js$2'), pathname.replace(SOURCE, '.$1js')]
    : [pathname.replace(COMPILED, '.$1ts$2'), pathname.replace(COMPILED, '.$1tsx')]
  const found = others.map((path) => Object.assign(new URL(url), { pathname: path })).find(isThere)
  return (found ?? url).href
}

function isThere(url: URL): boolean {
  return existsSync(fileURLToPath(url))
}
