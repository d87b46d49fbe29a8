// The stage between the arrival of a connection and its engine: reads the header of the PROXY protocol, and nothing more.

import { invalidOption } from '../../complete-options.ts'
import { trustOfAddresses } from '../../http/trusted-peers.ts'
import { MAX_TIMER_MS } from '../../waiting/settles-within.ts'
import { peerOf } from '../endpoints.ts'
import { readProxyHeader } from './header.ts'
import { rememberEnds } from './told-ends.ts'
import type { Socket } from 'node:net'
import type { Trust } from '../../http/trusted-peers.ts'
import type { Settings } from '../options.ts'
import type { ProxyHeader } from './header.ts'

type Admit = (socket: Socket) => void

/**
 * The trust of the option `proxyProtocolFrom`.
 *
 * @param caller the function that takes the option, for messages
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an entry that is no address and no range
 */
export function proxyTrust(caller: string, from: readonly string[]): Trust {
  return trustOfAddresses(from, (entry, remedy) => {
    return invalidOption(caller, 'proxyProtocolFrom', entry, remedy)
  })
}

/** Connections whose header has not come yet. */
export class ProxyHeaders {
  readonly #settings: Settings
  readonly #isTrusted: Trust
  readonly #waiting = new Set<Socket>()

  constructor(settings: Settings) {
    this.#settings = settings
    this.#isTrusted = proxyTrust('serve', settings.proxyProtocolFrom)
  }

  /** Reads the header of `socket`, which is not being read, and then admits the socket with all bytes after the header. */
  read(socket: Socket, admit: Admit): void {
    // A client that leaves without a byte is no fault. The listener stays: the socket is read already, and may fail while it
    // waits for its engine.
    socket.on('error', ignore)
    const peer = peerOf(socket)
    if (peer === undefined) return void socket.destroy()
    if (this.#isTrusted(peer, 0)) return this.#await(socket, admit)
    if (this.#settings.proxyProtocol === 'trusted') return this.#admit(socket, admit)
    this.#refuse(socket, 'its peer is not in proxyProtocolFrom')
  }

  /** Cuts the connections whose header has not come. */
  cutAll(): void {
    for (const socket of this.#waiting) socket.destroy()
  }

  #await(socket: Socket, admit: Admit): void {
    const pieces: Buffer[] = []
    this.#waiting.add(socket)
    const limit = Math.min(this.#settings.headTimeoutMs, MAX_TIMER_MS)
    const timer = setTimeout(() => this.#refuse(socket, 'its header did not come in time'), limit)
    const stop = (): void => {
      clearTimeout(timer)
      this.#waiting.delete(socket)
      socket.off('readable', onReadable).off('end', onEnd).off('close', stop)
    }
    const onEnd = (): void => void socket.destroy()
    const onReadable = (): void => {
      for (let piece = read(socket); piece !== null; piece = read(socket)) {
        pieces.push(piece)
        const bytes = Buffer.concat(pieces)
        const header = this.#header(socket, bytes)
        if (header === 'none yet') continue
        stop()
        if (header !== 'refused') this.#take(socket, header, { bytes, admit })
        return
      }
    }
    socket.on('readable', onReadable).on('end', onEnd).on('close', stop)
  }

  #header(socket: Socket, bytes: Buffer): ProxyHeader | 'none yet' | 'refused' {
    try {
      return readProxyHeader(bytes) ?? 'none yet'
    } catch (error) {
      this.#refuse(socket, (error as Error).message)
      return 'refused'
    }
  }

  #take(
    socket: Socket,
    { length, ends }: ProxyHeader,
    rest: { bytes: Buffer; admit: Admit },
  ): void {
    if (ends) rememberEnds(socket, ends)
    const after = rest.bytes.subarray(length)
    if (after.length > 0) socket.unshift(after)
    this.#admit(socket, rest.admit)
  }

  #admit(socket: Socket, admit: Admit): void {
    if (!socket.destroyed) admit(socket)
  }

  #refuse(socket: Socket, reason: string): void {
    const { remoteAddress: peer = null } = socket
    this.#settings.log.info({ peer, reason }, `a connection was closed: ${reason}`)
    socket.destroy()
  }
}

function read(socket: Socket): Buffer | null {
  return socket.read() as Buffer | null
}

function ignore(): void {}
