// WebSockets, event sources and fetch of a browser without a network: the test plays the server.

import { vi } from 'vitest'

/** One connection that the page has opened. */
export class FakeSocket extends EventTarget {
  static readonly OPEN = 1
  readonly url: URL
  readyState = 0
  readonly sent: string[] = []

  constructor(url: URL | string) {
    super()
    this.url = new URL(url)
    network.sockets.push(this)
  }

  /** The positions that the page asks for. */
  get since(): string | null {
    return this.url.searchParams.get('since')
  }

  send(text: string): void {
    this.sent.push(text)
  }

  close(): void {
    this.readyState = 3
  }

  open(): void {
    this.readyState = 1
    this.dispatchEvent(new Event('open'))
  }

  say(...events: unknown[]): void {
    for (const event of events) {
      const data = typeof event === 'string' ? event : JSON.stringify(event)
      this.dispatchEvent(Object.assign(new Event('message'), { data }))
    }
  }

  end(code = 1006): void {
    this.readyState = 3
    this.dispatchEvent(Object.assign(new Event('close'), { code }))
  }
}

/** An event source. The names of its ends are those of a socket. */
export class FakeSource extends FakeSocket {
  override end(): void {
    this.dispatchEvent(new Event('error'))
  }
}

/** The connections so far, and the answer to HEAD. */
export const network = {
  sockets: [] as FakeSocket[],
  head: undefined as Response | undefined,
  get last(): FakeSocket {
    const socket = this.sockets.at(-1)
    if (!socket) throw new Error('the page has opened no connection')
    return socket
  },
}

/** Puts the fakes in the place of the browser's own. `random` is the value of each draw. */
export function fakeNetwork(random = 0.5): { page: EventTarget & { visibilityState: string } } {
  network.sockets = []
  network.head = undefined
  const page = Object.assign(new EventTarget(), {
    visibilityState: 'visible',
    baseURI: 'https://desk.example/box/',
  })
  vi.useFakeTimers()
  vi.spyOn(Math, 'random').mockReturnValue(random)
  vi.stubGlobal('WebSocket', FakeSocket)
  vi.stubGlobal('EventSource', FakeSource)
  vi.stubGlobal('document', page)
  vi.stubGlobal('fetch', () =>
    network.head ? Promise.resolve(network.head) : Promise.reject(new TypeError('no network')),
  )
  return { page }
}
