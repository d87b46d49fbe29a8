// The package `redis`, which users install themselves: the parts of its clients that channels use.

import { createRequire } from 'node:module'
import { AppLoadError } from '../../errors.ts'

/** An argument of a command. */
export type Argument = string | Buffer

/** Gets the bytes of a published message. */
type Listener = (message: Buffer, channel: Buffer) => void

interface CommandOptions {
  readonly typeMapping?: Readonly<Record<number, unknown>>
}

/** A client of one server, as `createClient()` makes it. */
export interface NodeClient {
  readonly options?: { readonly socket?: object }
  connect(): Promise<unknown>
  destroy(): void
  on(event: string, listener: (argument: unknown) => void): unknown
  duplicate(overrides: object): NodeClient
  sendCommand(args: readonly Argument[], options?: CommandOptions): Promise<unknown>
  subscribe(channel: string, listener: Listener, isBuffer: true): Promise<void>
  unsubscribe(channel: string, listener: Listener, isBuffer: true): Promise<void>
  sSubscribe(channel: string, listener: Listener, isBuffer: true): Promise<void>
  sUnsubscribe(channel: string, listener: Listener, isBuffer: true): Promise<void>
}

/** The functions of the package. */
interface RedisPackage {
  createClient(options: object): NodeClient
}

/**
 * Loads the package `redis`. `require` and not `import`, because `redis()` makes channels at once, and a missing package
 * has to fail there.
 *
 * @throws {@link AppLoadError} (`ISTHMUS_APP_LOAD`) if the package is not installed
 */
export function loadRedis(): RedisPackage {
  try {
    return createRequire(import.meta.url)('redis') as RedisPackage
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error
    throw new AppLoadError('redis() needs the package redis: npm install redis')
  }
}

/**
 * A copy of `client` for one connection: it does not connect again, so that a command never outlives the connection that it
 * was given to, and it waits for an answer as long as the connection lasts.
 */
export function singleConnection(client: NodeClient): NodeClient {
  const copy = client.duplicate({
    socket: { ...client.options?.socket, reconnectStrategy: false },
    commandOptions: { timeout: undefined },
    clientSideCache: undefined,
    pingInterval: 0,
    disableOfflineQueue: false,
  })
  // The connection tells its end by the event that its owner listens to; without a listener the process would end.
  copy.on('error', () => undefined)
  return copy
}

/** Whether the server has refused a command, so that it has not run. Other errors are those of the connection. */
export function isRefusal(error: unknown): error is Error {
  return error instanceof Error && /^[A-Z][A-Z0-9_]+ /.test(error.message)
}
