// One connection to a target, in an HTTP/1.1 client of undici, which opens it with the first request and again if need be.

import { buildConnector, Client } from 'undici'
import { inNeutralContext } from '../../waiting/neutral-context.ts'
import { endChunksAtOnce } from './chunk-framing.ts'
import type { Socket } from 'node:net'
import type { Dispatcher } from 'undici'
import type { AttemptRequest } from './dispatch-options.ts'
import type { RemoteSettings } from './settings.ts'
import type { TargetAddress } from './target-address.ts'

/** Opens sockets to one target. */
type Connector = ReturnType<typeof buildConnector>

/** Makes the function that opens the sockets to `address`. Those with TLS share their sessions. */
export function connectorTo(
  address: TargetAddress,
  { connectTimeoutMs, tls }: Pick<RemoteSettings, 'connectTimeoutMs' | 'tls'>,
): Connector {
  const servername = tls.servername ?? address.name
  const connect = buildConnector({
    ...(address.secure ? { ...tls, servername } : {}),
    socketPath: address.socketPath,
    timeout: connectTimeoutMs,
  } as buildConnector.BuildOptions)
  return (options, callback) => connect({ ...options, servername: servername ?? '' }, callback)
}

/** The owner of a connection. */
interface ConnectionOwner {
  /** The socket of `connection` has closed. */
  closed(connection: RemoteConnection): void
  /** The request is over, and the connection can carry another one. */
  released(connection: RemoteConnection): void
  /** The request has failed, and the connection with it. */
  discarded(connection: RemoteConnection): void
}

/** Carries one request at a time. Its owner closes it. */
export class RemoteConnection {
  readonly #client: Client
  readonly #owner: ConnectionOwner
  #socket: Socket | undefined
  #isUsed = false
  #restoreWrites: (() => void) | undefined

  constructor(
    address: TargetAddress,
    settings: RemoteSettings,
    connector: Connector,
    owner: ConnectionOwner,
  ) {
    this.#owner = owner
    this.#client = new Client(address.origin, {
      connect: remembering(connector, this),
      headersTimeout: settings.headTimeoutMs,
      bodyTimeout: settings.idleTimeoutMs,
      keepAliveTimeout: settings.keepAliveMs,
      // A target that promises more than it keeps would cost requests.
      keepAliveMaxTimeout: settings.keepAliveMs,
      pipelining: 1,
    })
    this.#client.on('disconnect', () => owner.closed(this))
  }

  /** Whether the socket has served a request before, so that the target may close it at any moment. */
  get isUsed(): boolean {
    return this.#isUsed
  }

  /** The error that broke the socket: undici takes it for the end of a body without a length. */
  get brokenBy(): Error | undefined {
    return this.#socket?.errored ?? undefined
  }

  /** The connection has a new socket. */
  opened(socket: Socket | undefined): void {
    this.#socket = socket
    this.#isUsed = false
  }

  /** Sends a request. `handler` gets the response, in the context in which the connection was opened. */
  dispatch(options: AttemptRequest, handler: Dispatcher.DispatchHandler): void {
    const dispatched = options as Dispatcher.DispatchOptions
    inNeutralContext(() => this.#client.dispatch(dispatched, handler))
  }

  /** The request that is about to leave has a body of unknown length. */
  sendsChunks(): void {
    if (this.#socket) this.#restoreWrites = endChunksAtOnce(this.#socket)
  }

  /** Gives the connection back after a response. */
  release(): void {
    this.#restoreWrites?.()
    this.#restoreWrites = undefined
    this.#isUsed = true
    this.#owner.released(this)
  }

  /** Gives the connection up after a failure. */
  discard(): void {
    this.#owner.discarded(this)
    this.close().catch(() => undefined)
  }

  /** Closes the socket at once. */
  close(): Promise<void> {
    return this.#client.destroy()
  }
}

function remembering(connector: Connector, connection: RemoteConnection): Connector {
  return (options, callback) =>
    connector(options, (...result) => {
      connection.opened(result[1] ?? undefined)
      callback(...result)
    })
}
