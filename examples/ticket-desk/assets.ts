// The files of the desk, by name. Other names are answered with 404.

import { openSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Environ, StartResponse, SyncBody } from 'isthmus'

interface Asset {
  readonly path: string
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>
}

const CSS = 'text/css; charset=utf-8'
const SCRIPT = 'text/javascript; charset=utf-8'
const TEXT = 'text/plain; charset=utf-8'

const uPlot = dirname(createRequire(import.meta.url).resolve('uplot'))
const ours = fileURLToPath(new URL('public', import.meta.url))

const ASSETS = new Map<string, Asset>([
  ['favicon.svg', asset(ours, 'favicon.svg', 'image/svg+xml')],
  ['house.css', asset(ours, 'house.css', CSS)],
  ['desk.css', asset(ours, 'desk.css', CSS)],
  ['desk.js', asset(ours, 'desk.js', SCRIPT)],
  ['chart.js', asset(ours, 'chart.js', SCRIPT)],
  ['uplot.css', asset(uPlot, 'uPlot.min.css', CSS)],
  ['uplot.js', asset(uPlot, 'uPlot.iife.min.js', SCRIPT)],
  ['conditions.txt', asset(ours, 'conditions.txt', TEXT, 'attachment; filename="conditions.txt"')],
])

/** Sends the file through `wsgi.file_wrapper`; undefined when there is none of this name. */
export function sendAsset(
  name: string,
  environ: Environ,
  startResponse: StartResponse,
): SyncBody | undefined {
  const found = ASSETS.get(name)
  if (found === undefined) return undefined

  // PEP 3333 lets a server have no file_wrapper.
  const wrap = environ['wsgi.file_wrapper']
  const body = wrap ? wrap(openSync(found.path, 'r')) : [readFileSync(found.path)]
  startResponse('200 OK', found.headers)
  return body
}

function asset(folder: string, file: string, type: string, disposition = 'inline'): Asset {
  return {
    path: join(folder, file),
    headers: [
      ['Content-Type', type],
      ['Content-Disposition', disposition],
      ['Cache-Control', 'no-cache'],
      ['X-Content-Type-Options', 'nosniff'],
    ],
  }
}
