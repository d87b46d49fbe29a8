// Apps of other frameworks: they are no apps of isthmus, and an adapter makes them ones.

import { AppError } from '../errors.ts'

type Parts = Record<string, unknown>

/** A framework, the parts of its apps, and the call that makes an app of one. */
interface Framework {
  name: string
  is: (value: Parts) => boolean
  call: string
}

const has = (value: Parts, ...methods: string[]): boolean =>
  methods.every((method) => typeof value[method] === 'function')

// The first one that fits counts.
const FRAMEWORKS: readonly Framework[] = [
  {
    name: 'an Express app',
    is: (value) => typeof value === 'function' && has(value, 'handle', 'set', 'use'),
    call: 'fromNode(app)',
  },
  {
    name: 'a Connect app',
    is: (value) => typeof value === 'function' && has(value, 'handle', 'use'),
    call: 'fromNode(app)',
  },
  {
    name: 'a Koa app',
    is: (value) => has(value, 'callback', 'use'),
    call: 'fromNode(app.callback())',
  },
  {
    name: 'a Fastify app',
    is: (value) => has(value, 'ready', 'inject', 'register'),
    call: 'fromNode((req, res) => app.routing(req, res)) after await app.ready()',
  },
  {
    name: 'a server of node:http',
    is: (value) => has(value, 'listen', 'close', 'address', 'on'),
    call: 'fromNode(handler), with the function that handles its requests',
  },
  {
    name: 'an app of the Fetch API',
    is: (value) => has(value, 'fetch'),
    call: 'fromFetch(app)',
  },
]

/**
 * Refuses the apps of other frameworks.
 *
 * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) with the name of the framework and the call of the adapter
 */
export function refuseForeign(value: unknown): void {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return
  const found = FRAMEWORKS.find(({ is }) => is(value as Parts))
  if (!found) return
  throw new AppError(
    `this is ${found.name}: pass ${found.call}, with the adapter of isthmus/adapters`,
  )
}
