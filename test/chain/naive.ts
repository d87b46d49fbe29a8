// The reference: each middleware written by hand for one style, with the whole response in memory.

import { AsyncLocalStorage } from 'node:async_hooks'
import { events, sync } from '../../src/bridge/style.ts'
import { chain } from '../../src/chain/chain.ts'
import { either, until, wait, within } from '../../src/chain/effects.ts'
import { middleware } from '../../src/chain/middleware.ts'
import { mapBody, respond } from '../../src/chain/response.ts'
import type { Chunk, SyncApp } from '../../src/contract/environ.ts'
import type { EventApp, HeaderPairs } from '../../src/contract/events.ts'
import type { ChainResponse } from '../../src/chain/response.ts'
import type { Wrap } from '../../src/chain/wrap.ts'

/** The actions of a middleware. */
export const DEEDS = [
  'pass',
  'header',
  'map',
  'answer',
  'replace',
  'catch',
  'throw before',
  'throw behind',
  'either',
  'within',
  'until',
] as const
export type MiddlewareDeed = (typeof DEEDS)[number] | 'wait'

/** One middleware; with `own` it is a function around an app of the style, without it a generator. */
export interface Spec {
  name: string
  deed: MiddlewareDeed
  own: boolean
}

interface Whole {
  status: number
  headers: HeaderPairs
  chunks: Chunk[]
  /** Thrown after the head. */
  broken?: { error: unknown }
}

/** The storage that `within` sets; each note shows its value. */
const STORAGE = new AsyncLocalStorage<string>()
const NEVER = new AbortController().signal

/** The name of the `within` around the running code. */
export function where(): string {
  return STORAGE.getStore() ?? '-'
}

const BUG = new Error('a bug of the middleware')

/** The middleware as a generator, for a chain. */
export function generated({ name, deed }: Spec, notes: string[]): Wrap {
  return middleware(name, function* (request, next) {
    notes.push(`> ${name} ${where()}`)
    if (deed === 'answer') return respond(401, [['x-by', name]], 'answered')
    if (deed === 'throw before') throw BUG
    if (deed === 'wait') yield* wait(new Promise((resolve) => setImmediate(resolve)))
    if (deed === 'either') yield* either({ sync: () => 1, async: () => Promise.resolve(1) })
    let response: ChainResponse
    try {
      let call = next(request)
      if (deed === 'within') call = within(STORAGE, name, call)
      if (deed === 'until') call = until(NEVER, call)
      response = yield* call
    } catch (error) {
      notes.push(`! ${name} ${where()}`)
      if (deed !== 'catch') throw error
      return respond(502, [['x-by', name]], ['caught', '']) // as chunks
    }
    notes.push(`< ${name} ${response.status} ${where()}`)
    if (deed === 'wait') yield* wait(new Promise((resolve) => setImmediate(resolve)))
    if (deed === 'throw behind') throw BUG
    if (deed === 'replace') return respond(403, [['x-by', name]], 'replaced')
    if (deed === 'header') response.headers.append('x-by', name)
    if (deed === 'map') return mapBody(response, { chunk: shouted, end: () => `!${name}` })
    return response
  })
}

/** The same around event apps. */
export function naiveEvents(spec: Spec, notes: string[]): (app: EventApp) => EventApp {
  return (app) =>
    events(async (scope, receive, send) => {
      const whole = await decided(spec, notes, async () => {
        const collected: Whole = { status: 0, headers: [], chunks: [] }
        let isThere = false
        try {
          await app(scope, receive, async (event) => {
            if (event.type === 'http.response.start') {
              Object.assign(collected, { status: event.status, headers: event.headers ?? [] })
            } else if (event.type === 'http.response.body') {
              isThere = true
              collected.chunks.push(event.body ?? '')
            }
          })
        } catch (error) {
          if (!isThere) throw error
          collected.broken = { error }
        }
        return collected
      })
      const { status, headers, chunks, broken } = whole
      await send({ type: 'http.response.start', status, headers })
      for (const body of chunks) await send({ type: 'http.response.body', body, moreBody: true })
      if (broken) throw broken.error
      await send({ type: 'http.response.body' })
    })
}

/** The same around sync apps. */
export function naiveSync(spec: Spec, notes: string[]): (app: SyncApp) => SyncApp {
  return (app) =>
    sync(function* (environ, startResponse) {
      const whole = decidedNow(spec, notes, () => {
        const collected: Whole = { status: 0, headers: [], chunks: [] }
        try {
          const body = app(environ, (status, headers) => {
            collected.status = Number(status.slice(0, 3))
            collected.headers = headers.map(([name, value]) => [name.toLowerCase(), value])
            return () => undefined
          })
          for (const chunk of body) collected.chunks.push(chunk)
        } catch (error) {
          if (!collected.chunks.some(({ length }) => length > 0)) throw error
          collected.broken = { error }
        }
        return collected
      })
      startResponse(`${whole.status} Whatever`, whole.headers)
      yield* whole.chunks
      if (whole.broken) throw whole.broken.error
    })
}

/** A chain of `specs`; `naive` makes the middleware that are functions. */
export function chained(
  specs: readonly Spec[],
  notes: string[],
  naive: (spec: Spec, notes: string[]) => unknown,
): Wrap {
  const links = specs.map((spec) =>
    spec.own ? (naive(spec, notes) as Wrap) : generated(spec, notes),
  )
  // The middle part is a chain of its own.
  const [first, last] = [links.slice(0, 1), links.slice(3)]
  return chain(...first, chain(...links.slice(1, 3)), ...last)
}

async function decided(spec: Spec, notes: string[], ask: () => Promise<Whole>): Promise<Whole> {
  const early = before(spec, notes)
  if (early) return early
  let whole: Whole
  try {
    whole = await (spec.deed === 'within' ? STORAGE.run(spec.name, ask) : ask())
  } catch (error) {
    return caught(spec, notes, error)
  }
  return behind(spec, notes, whole)
}

function decidedNow(spec: Spec, notes: string[], ask: () => Whole): Whole {
  const early = before(spec, notes)
  if (early) return early
  let whole: Whole
  try {
    whole = spec.deed === 'within' ? STORAGE.run(spec.name, ask) : ask()
  } catch (error) {
    return caught(spec, notes, error)
  }
  return behind(spec, notes, whole)
}

function before({ name, deed }: Spec, notes: string[]): Whole | undefined {
  notes.push(`> ${name} ${where()}`)
  if (deed === 'throw before') throw BUG
  if (deed === 'answer') return { status: 401, headers: [['x-by', name]], chunks: ['answered'] }
  return undefined
}

function caught({ name, deed }: Spec, notes: string[], error: unknown): Whole {
  notes.push(`! ${name} ${where()}`)
  if (deed !== 'catch') throw error
  return { status: 502, headers: [['x-by', name]], chunks: ['caught', ''] }
}

function behind({ name, deed }: Spec, notes: string[], whole: Whole): Whole {
  notes.push(`< ${name} ${whole.status} ${where()}`)
  const { chunks, broken } = whole
  switch (deed) {
    case 'throw behind':
      throw BUG
    case 'replace':
      return { status: 403, headers: [['x-by', name]], chunks: ['replaced'] }
    case 'header':
      return { ...whole, headers: [...whole.headers, ['x-by', name]] }
    case 'map': {
      const mapped = chunks.map((chunk) => (chunk.length > 0 ? shouted(chunk) : chunk))
      return { ...whole, chunks: broken ? mapped : [...mapped, `!${name}`] }
    }
    default:
      return whole
  }
}

function shouted(chunk: Chunk): string {
  return Buffer.from(chunk as Uint8Array)
    .toString()
    .toUpperCase()
}
