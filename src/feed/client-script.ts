// clientScript(): the client for browsers as a file of the server, for pages without a bundler.

import { readFile } from 'node:fs/promises'
import etag from 'etag'
import { refuseScope } from '../bridge/refuse-scope.ts'
import type { EventApp, HeaderPairs } from '../contract/events.ts'

const FILE = new URL('../client/follow.js', import.meta.url)

/**
 * Makes an app that serves the module of `isthmus/channels/client`, for pages that no bundler builds. Browsers ask at each
 * visit whether it has changed, and a new version of the package comes to all pages at once.
 *
 * @example
 * const app = mount({ '/live.js': clientScript(), '/live': feed('board'), '/': shop })
 * // <script type="module"> import { follow } from '/live.js' … </script>
 */
export function clientScript(): EventApp {
  let reading: Promise<Script> | undefined
  return async function serveClient(scope, receive, send) {
    if (scope.type !== 'http') return refuseScope(scope, receive, send)
    reading ??= readScript()
    const { text, tag } = await reading
    const headers: HeaderPairs = [
      ['content-type', 'text/javascript; charset=utf-8'],
      ['cache-control', 'no-cache'],
      ['etag', tag],
    ]
    const known = scope.headers.find(([name]) => name === 'if-none-match')?.[1]
    const isKnown = known !== undefined && known.includes(tag)
    await send({ type: 'http.response.start', status: isKnown ? 304 : 200, headers })
    await send({ type: 'http.response.body', body: isKnown ? '' : text })
  }
}

interface Script {
  text: string
  tag: string
}

async function readScript(): Promise<Script> {
  const text = await readFile(FILE, 'utf8')
  return { text, tag: etag(text) }
}
