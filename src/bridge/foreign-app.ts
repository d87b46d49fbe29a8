// Apps of other frameworks: they are no apps of isthmus, and an adapter makes them ones.

import { AppError } from '../errors.ts'

type Parts = Record<string, unknown>

/** A framework, the parts of its apps, and the ways to host one. */
interface Framework {
  name: string
  is: (value: Parts) => boolean
  /** The call that makes an app of one. */
  call: string
  /** The adapter, and the prefix of the command line. */
  style: 'node' | 'fetch'
  /** The value that the adapter takes in place of the app; null: it takes the app itself. */
  instead: string | null
}

const has = (value: Parts, ...methods: string[]): boolean =>
  methods.every((method) => typeof value[method] === 'function')

// The first one that fits counts.
const FRAMEWORKS: readonly Framework[] = [
  {
    name: 'an Express app',
    is: (value) => typeof value === 'function' && has(value, 'handle', 'set', 'use'),
    call: 'fromNode(app)',
    style: 'node',
    instead: null,
  },
  {
    name: 'a Connect app',
    is: (value) => typeof value === 'function' && has(value, 'handle', 'use'),
    call: 'fromNode(app)',
    style: 'node',
    instead: null,
  },
  {
    name: 'a Koa app',
    is: (value) => has(value, 'callback', 'use'),
    call: 'fromNode(app.callback())',
    style: 'node',
    instead: 'app.callback()',
  },
  {
    name: 'a Fastify app',
    is: (value) => has(value, 'ready', 'inject', 'register'),
    call: 'fromNode((req, res) => app.routing(req, res)) after await app.ready()',
    style: 'node',
    instead: '(req, res) => app.routing(req, res)',
  },
  {
    name: 'a server of node:http',
    is: (value) => has(value, 'listen', 'close', 'address', 'on'),
    call: 'fromNode(handler), with the function that handles its requests',
    style: 'node',
    instead: 'the function that handles its requests',
  },
  {
    name: 'an app of the Fetch API',
    is: (value) => has(value, 'fetch'),
    call: 'fromFetch(app)',
    style: 'fetch',
    instead: null,
  },
]

/**
 * Refuses the apps of other frameworks.
 *
 * @param accepted the adapter that the caller passes `value` to; it takes the apps that need no other call
 * @param place the place of `value`, which the message starts with
 * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) with the name of the framework and the call of the adapter
 */
export function refuseForeign(value: unknown, accepted?: string, place = ''): void {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return
  const found = FRAMEWORKS.find(({ is }) => is(value as Parts))
  if (!found || (found.style === accepted && found.instead === null)) return
  throw new AppError(
    `${place}this is ${found.name}: pass ${found.call}, with the adapter of isthmus/adapters`,
  )
}

/**
 * Returns the remedy of the command line for a message of {@link refuseForeign}, or an empty text for another message.
 *
 * @param name the app, as `FILE` or `FILE#export`
 * @param place the place that the user has chosen. Without one an app of node:http goes into threads: its code may block
 */
export function commandLineRemedy(
  message: string,
  name: string,
  place: 'threads' | 'inline' | null,
): string {
  const found = FRAMEWORKS.find((framework) => message.startsWith(`this is ${framework.name}:`))
  if (!found) return ''
  const { instead, style } = found
  const isInThreads = place === 'threads' || (place === null && style === 'node')
  const spec = `${isInThreads ? 'threads:' : ''}${style}:${name}`
  return `; on the command line: ${instead === null ? '' : `export ${instead}, and write `}${spec}`
}
