// The cost of making a scope from a request head, an environ from a scope, and a scope from an environ.

import { Bench } from 'tinybench'
import { scopeToEnviron } from '../../src/bridge/scope-to-environ.ts'
import { environToScope } from '../../src/bridge/environ-to-scope.ts'
import { EMPTY_INPUT } from '../../src/sync/input.ts'
import { nanosecondsOf } from './nanoseconds.ts'
import type { HttpScope } from '../../src/contract/events.ts'

const MANY = 100
const BROWSER: Array<[string, string]> = [
  ['host', '127.0.0.1:8000'],
  ['connection', 'keep-alive'],
  ['sec-ch-ua', '"Chromium";v="142", "Not_A Brand";v="99"'],
  ['sec-ch-ua-mobile', '?0'],
  [
    'user-agent',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36',
  ],
  [
    'accept',
    'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  ],
  ['accept-encoding', 'gzip, deflate, br, zstd'],
  ['accept-language', 'en-GB,en;q=0.9,de;q=0.8'],
  ['cookie', 'session=8f14e45fceea167a5a36dedd4bea2543; theme=dark'],
]

const bare = scopeWith(BROWSER.slice(0, 1))
const browser = scopeWith(BROWSER)
const bench = new Bench({ time: 500, warmupTime: 200 })
add('scope to environ, one field', () => scopeToEnviron(bare, EMPTY_INPUT))
add('scope to environ, nine fields', () => scopeToEnviron(browser, EMPTY_INPUT))
add('environ to scope, one field', environOf(bare))
add('environ to scope, nine fields', environOf(browser))
await bench.run()
console.log('nanoseconds each')
console.table(nanosecondsOf(bench, MANY))

// Many operations in a run: the clock is coarser than one of them.
function add(name: string, make: () => object): void {
  const kept: object[] = []
  bench.add(name, () => {
    for (let index = 0; index < MANY; index += 1) kept[index] = make()
  })
}

function environOf(scope: HttpScope): () => object {
  const environ = scopeToEnviron(scope, EMPTY_INPUT)
  // Without the original scope, like the environ of an app in another process.
  delete environ['isthmus.scope']
  return () => environToScope(environ)
}

function scopeWith(headers: Array<[string, string]>): HttpScope {
  return {
    type: 'http',
    asgi: { version: '3.0', specVersion: '2.5' },
    httpVersion: '1.1',
    method: 'GET',
    scheme: 'http',
    path: '/reports/2026',
    rawPath: '/reports/2026',
    queryString: 'page=2',
    rootPath: '',
    headers,
    client: ['127.0.0.1', 40_000],
    server: ['127.0.0.1', 8_000],
    state: {},
    extensions: {},
  }
}
