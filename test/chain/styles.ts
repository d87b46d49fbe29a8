// The same app in every style, and a client for it.

import { events, iterable, sync } from '../../src/bridge/style.ts'
import { testClient } from '../../src/testing/test-client.ts'
import type { App } from '../../src/bridge/style.ts'
import type { Chunk, Environ, StartResponse } from '../../src/contract/environ.ts'
import type { HeaderPairs, HttpScope } from '../../src/contract/events.ts'
import type { TestClient } from '../../src/testing/client.ts'
import type { TestClientOptions } from '../../src/testing/test-client.ts'

/** The behaviour of an app for one request. */
export interface Deed {
  status?: number
  headers?: HeaderPairs
  chunks?: readonly Chunk[]
  /** Thrown in place of the chunk at this index; -1: before the head. */
  throwsAt?: number
  error?: unknown
  /** `onCall` is called with the app, `onEnd` when the app has ended or failed. */
  onCall?(seen: { path: string; header(name: string): string | undefined }): void
  onEnd?(): void
}

export const STYLES = ['sync array', 'sync generator', 'iterable', 'events'] as const
export type StyleName = (typeof STYLES)[number]

/** An app of this style that does `deed`. */
export function appOf(style: StyleName, deed: Deed = {}): App {
  switch (style) {
    case 'sync array':
      return sync((environ, startResponse) => {
        seen(deed, environ)
        const chunks = [...chunksOf(deed, environ, startResponse)].filter((chunk) => chunk !== null)
        return Object.assign(chunks, { close: () => deed.onEnd?.() })
      })
    case 'sync generator':
      return sync(function* (environ, startResponse) {
        try {
          seen(deed, environ)
          for (const chunk of chunksOf(deed, environ, startResponse)) yield chunk
        } finally {
          deed.onEnd?.()
        }
      })
    case 'iterable':
      return iterable(async function* (environ, startResponse) {
        try {
          seen(deed, environ)
          for (const chunk of chunksOf(deed, environ, startResponse)) {
            await Promise.resolve()
            yield chunk
          }
        } finally {
          deed.onEnd?.()
        }
      })
    case 'events':
      return eventApp(deed)
  }
}

function eventApp(deed: Deed): App {
  const { status = 200, headers = PLAIN, chunks = ['hello'] } = deed
  return events(async (scope, _receive, send) => {
    if (scope.type !== 'http') return
    try {
      seenScope(deed, scope)
      if (deed.throwsAt === -1) throw deed.error
      await send({ type: 'http.response.start', status, headers })
      for (const [at, body] of chunks.entries()) {
        if (deed.throwsAt === at) throw deed.error
        await send({ type: 'http.response.body', body, moreBody: true })
      }
      if (deed.throwsAt === chunks.length) throw deed.error
      await send({ type: 'http.response.body' })
    } finally {
      deed.onEnd?.()
    }
  })
}

const PLAIN: HeaderPairs = [['content-type', 'text/plain']]

function* chunksOf(
  { status = 200, headers = PLAIN, chunks = ['hello'], throwsAt, error }: Deed,
  _environ: Environ,
  startResponse: StartResponse,
): Generator<Chunk> {
  if (throwsAt === -1) throw error
  startResponse(`${status} Whatever`, headers)
  for (const [at, chunk] of chunks.entries()) {
    if (throwsAt === at) throw error
    yield chunk
  }
  if (throwsAt === chunks.length) throw error
}

function seen(deed: Deed, environ: Environ): void {
  deed.onCall?.({
    path: environ.SCRIPT_NAME + environ.PATH_INFO,
    header: (name) => environ[`HTTP_${name.toUpperCase().replaceAll('-', '_')}`],
  })
}

function seenScope(deed: Deed, { path, headers }: HttpScope): void {
  deed.onCall?.({ path, header: (name) => headers.find(([own]) => own === name)?.[1] })
}

/** A client of `app`; an error of the app is not thrown to the test, but answered as a server does. */
export function clientOf(app: App, options: TestClientOptions = {}): Promise<TestClient> {
  return testClient(app, { lifespan: 'off', identity: false, raiseAppErrors: false, ...options })
}

/** The answer to one GET: `status body`, or `cut` for an incomplete response. */
export async function answerOf(app: App, target = '/'): Promise<string> {
  await using client = await clientOf(app)
  return await client.get(target).then(
    (response) => `${response.status} ${response.text()}`,
    () => 'cut',
  )
}
