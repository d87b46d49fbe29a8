// The client of feed(), for browsers: it follows groups, comes back after a cut, and asks for the messages that it has missed.
// The browser runs this file as it is. It imports nothing, and `follow.d.ts` is its contract.

const FIRST_RETRY_MS = 1000
const LAST_RETRY_MS = 30_000
const CONNECT_MS = 20_000
// A connection that has lasted as long is a good one: the next cut begins with a short wait again.
const STABLE_MS = 10_000
// A connection without a sign of life for as many heartbeats is dead.
const SILENT_BEATS = 2.5
// The server has no room (1013): the wait is that after four failures.
const BUSY_FAILURES = 4
// RFC 6455, 7.4.1: the purpose is fulfilled, and a violation of the policy.
const FINAL_CODES = [1000, 1008]
const BROKEN_CODE = 1006
const BUSY_CODE = 1013
// The answers to a page that is not welcome. Others may pass.
const FINAL_STATUSES = [401, 403, 410]

/** @type {typeof import('./follow.d.ts').follow} */
export function follow(url, options = {}) {
  return new Follower(new URL(url, globalThis.document?.baseURI), options)
}

class Follower {
  /** @type {import('./follow.d.ts').FollowState} */
  state = 'connecting'
  #address
  #options
  #positions
  /** @type {Connection | undefined} */
  #connection
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #silence
  #failures = 0
  #openings = 0
  #openedAt = 0
  #heardAt = 0
  #beatMs = 0
  #viaEvents = false
  #listening = new AbortController()

  /**
   * @param {URL} address
   * @param {import('./follow.d.ts').FollowOptions<any>} options
   */
  constructor(address, options) {
    this.#address = address
    this.#options = options
    this.#positions = new URLSearchParams(options.since)
    const wake = () => this.#wake()
    const { signal } = this.#listening
    globalThis.addEventListener?.('online', wake, { signal })
    globalThis.document?.addEventListener('visibilitychange', wake, { signal })
    this.#connect()
  }

  get positions() {
    return this.#positions.toString()
  }

  /** @param {string} text */
  send(text) {
    return this.#connection?.send(text) ?? false
  }

  close() {
    this.#finish()
  }

  // --- the life of the connection ---

  #connect() {
    clearTimeout(this.#retry)
    this.#enter('connecting')
    if (this.state === 'closed') return
    const target = new URL(this.#address)
    const since = this.positions
    if (since) target.searchParams.set('since', since)
    const open = this.#viaEvents ? openEvents : openSocket
    this.#silence = setTimeout(() => this.#cut(), CONNECT_MS)
    this.#connection = open(target, {
      onOpen: () => this.#opened(),
      onText: (text) => this.#take(text),
      onBeat: (ms) => this.#beat(ms),
      onEnd: (code) => this.#ended(code),
    })
  }

  #opened() {
    this.#openings += 1
    this.#openedAt = Date.now()
    this.#heard()
    this.#enter('live')
  }

  /** @param {number} code that of RFC 6455, 7.4.1 */
  #ended(code) {
    clearTimeout(this.#silence)
    this.#connection = undefined
    this.#beatMs = 0
    if (FINAL_CODES.includes(code)) return this.#finish(code)
    const wasOpen = this.state === 'live'
    const isStable = wasOpen && Date.now() - this.#openedAt > STABLE_MS
    this.#failures = isStable ? 0 : this.#failures + 1
    if (code === BUSY_CODE) this.#failures = Math.max(this.#failures, BUSY_FAILURES)
    // Full jitter: after a restart of the server the pages do not come back all at once.
    const longestMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures)
    this.#retry = setTimeout(() => this.#connect(), Math.random() * longestMs)
    this.#enter('waiting')
    if (!wasOpen) this.#askWhy()
  }

  // The browser does not tell why a handshake has failed. A request at the same place gets the reason.
  #askWhy() {
    const target = new URL(this.#address)
    target.protocol = target.protocol.replace('ws', 'http')
    const take = (/** @type {Response} */ { ok, status, headers }) => {
      // Another attempt has come through meanwhile, or the page has ended.
      if (this.state === 'live' || this.state === 'closed') return
      if (FINAL_STATUSES.includes(status)) return this.#finish(status)
      // WebSockets have never come through: a proxy on the way may know HTTP only.
      const isStream = ok && headers.get('content-type')?.startsWith('text/event-stream')
      if (isStream && this.#openings === 0) this.#viaEvents = true
    }
    const headers = { accept: 'text/event-stream' }
    fetch(target, { method: 'HEAD', headers })
      .then(take)
      .catch(() => undefined)
  }

  #wake() {
    if (globalThis.document?.visibilityState === 'hidden') return
    if (this.state === 'waiting') this.#connect()
    // Timers stand still while the computer sleeps.
    else if (this.#beatMs > 0 && Date.now() - this.#heardAt > this.#beatMs * SILENT_BEATS)
      this.#cut()
  }

  #cut() {
    this.#connection?.drop()
    this.#ended(BROKEN_CODE)
  }

  /** @param {number} [reason] */
  #finish(reason) {
    clearTimeout(this.#retry)
    clearTimeout(this.#silence)
    this.#listening.abort()
    this.#connection?.drop()
    this.#connection = undefined
    this.#enter('closed', reason)
  }

  /**
   * @param {import('./follow.d.ts').FollowState} state
   * @param {number} [reason]
   */
  #enter(state, reason) {
    if (this.state === state || this.state === 'closed') return
    this.state = state
    this.#options.onState?.(state, reason)
  }

  // --- the events ---

  #heard() {
    this.#heardAt = Date.now()
    clearTimeout(this.#silence)
    if (this.#beatMs > 0) this.#silence = setTimeout(() => this.#cut(), this.#beatMs * SILENT_BEATS)
  }

  /** @param {number} ms */
  #beat(ms) {
    this.#beatMs = ms
    this.#heard()
  }

  /** @param {string} text */
  #take(text) {
    this.#heard()
    const event = parse(text)
    if (event?.heartbeat) return this.#beat(event.heartbeat)
    const { onGap, onJoined, onMessage, onText } = this.#options
    if (typeof event?.group !== 'string') return onText?.(text)
    const { group, gap, lost, recovered } = event
    const isNew = this.#advance(event)
    if (gap) onGap?.({ group, reason: gap, lost })
    else if (event.joined) onJoined?.({ group, recovered, isReturn: this.#openings > 1 })
    else if (isNew) onMessage?.(messageOf(event), event)
  }

  /**
   * Notes the place of an event. False: the page has it already.
   *
   * @param {any} event
   */
  #advance({ group, epoch, offset, gap }) {
    if (epoch === undefined) return true
    const [knownEpoch, known] = (this.#positions.get(group) ?? '').split('.')
    if (!gap && epoch === knownEpoch && offset <= Number(known)) return false
    this.#positions.set(group, `${epoch}.${offset}`)
    return true
  }
}

/**
 * @typedef {{ send(text: string): boolean, drop(): void }} Connection
 *
 * @typedef {{
 *   onOpen(): void
 *   onText(text: string): void
 *   onBeat(ms: number): void
 *   onEnd(code: number): void
 * }} Listeners
 */

/**
 * @param {URL} target
 * @param {Listeners} on
 * @returns {Connection}
 */
function openSocket(target, on) {
  target.protocol = target.protocol.replace('http', 'ws')
  const socket = new WebSocket(target)
  const listening = new AbortController()
  const { signal } = listening
  socket.addEventListener('open', () => on.onOpen(), { signal })
  socket.addEventListener('message', ({ data }) => on.onText(data), { signal })
  socket.addEventListener('close', ({ code }) => on.onEnd(code), { signal })
  return {
    send(text) {
      if (socket.readyState !== WebSocket.OPEN) return false
      socket.send(text)
      return true
    },
    // The close of a dead connection takes its time: the page does not wait for it.
    drop() {
      listening.abort()
      socket.close()
    },
  }
}

/**
 * @param {URL} target
 * @param {Listeners} on
 * @returns {Connection}
 */
function openEvents(target, on) {
  target.protocol = target.protocol.replace('ws', 'http')
  const source = new EventSource(target)
  source.addEventListener('open', () => on.onOpen())
  source.addEventListener('message', ({ data }) => on.onText(data))
  source.addEventListener('heartbeat', ({ data }) => on.onBeat(Number(data)))
  // By itself it would come back, all pages after the same time.
  source.addEventListener('error', () => {
    source.close()
    on.onEnd(BROKEN_CODE)
  })
  return { send: () => false, drop: () => source.close() }
}

/** @param {string} text */
function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** @param {any} event */
function messageOf({ message, bytes }) {
  if (bytes === undefined) return message
  return Uint8Array.from(atob(bytes), (character) => character.charCodeAt(0))
}
