// The page inside of the middleware, in each style.

import { events, iterable, threads } from 'isthmus'
import type { EventApp, HostedApp, HttpScope } from 'isthmus'
import type { ConnectMiddleware } from 'isthmus/adapters'

export type PageParts = [
  status: number,
  fields: Array<[string, string]>,
  chunks: Array<string | Uint8Array>,
]

interface Layers {
  LAYERS: Record<string, () => ConnectMiddleware[]>
  REQUESTS: LayerRequest[]
  morganLines: string[]
  onConnect: (name: string) => (req: unknown, res: unknown) => void
  page: (method: string, url: string) => PageParts
}

/** A request through the middleware of one name, with the status of its answer. */
export type LayerRequest = [
  status: number,
  layer: string,
  method: string,
  target: string,
  fields?: Record<string, string>,
  body?: string,
]

// The apps are JavaScript, as the packages are.
const url = new URL('apps/layers.js', import.meta.url)
const layers = (await import(url.href)) as Layers
export const LAYERS: Layers['LAYERS'] = layers.LAYERS
export const REQUESTS: LayerRequest[] = layers.REQUESTS
export const morganLines: string[] = layers.morganLines
export const onConnect: Layers['onConnect'] = layers.onConnect
const { page } = layers

const pageOf = ({ method, rawPath, queryString }: HttpScope): PageParts =>
  page(method, queryString === '' ? rawPath : `${rawPath}?${queryString}`)

export const eventPage: EventApp = events(async (scope, _receive, send) => {
  if (scope.type !== 'http') throw new Error(`only HTTP is served, not ${scope.type}`)
  const [status, headers, chunks] = pageOf(scope)
  await send({ type: 'http.response.start', status, headers })
  for (const body of chunks) await send({ type: 'http.response.body', body, moreBody: true })
  await send({ type: 'http.response.body' })
})

const iterablePage = iterable(async function* (environ, startResponse) {
  const [status, headers, chunks] = pageOf(environ['isthmus.scope'] as HttpScope)
  startResponse(`${status} Status`, headers)
  for (const chunk of chunks) yield Buffer.from(chunk as string)
})

/** Makes the page in each form that a chain wraps. */
export const INNER: Record<string, () => HostedApp> = {
  'an event app': () => eventPage,
  'an iterable app': () => iterablePage,
  'a sync app in a thread': () => threads(new URL('apps/sync-page.js', import.meta.url)),
  'a mount table': () => ({ '/': eventPage }),
}
