// The last minute as a ring of windows, without a timer: a window is emptied when the clock reaches it again.

const WINDOW_MS = 10_000
const WINDOWS = 6

interface Window<Content> {
  /** The number of the window since the start of the clock. */
  turn: number
  content: Content
}

/** The contents of the windows. */
interface Contents<Content> {
  /** Makes the content of a window that is used for the first time. */
  make(): Content
  /** Empties the content of a window that is used again. */
  clear(content: Content): void
}

/** Keeps one content for each ten seconds of the last minute. The clock counts in ms and never goes back. */
export class Minute<Content> {
  readonly #contents: Contents<Content>
  readonly #since: number
  readonly #windows: Array<Window<Content> | undefined> = []

  /** @param since the time of now, which is the start of the first window */
  constructor(contents: Contents<Content>, since: number) {
    this.#contents = contents
    this.#since = since
  }

  /** The content of the window of `now`. */
  at(now: number): Content {
    const turn = turnOf(now)
    const window = this.#windows[turn % WINDOWS]
    if (window?.turn === turn) return window.content
    return this.#turn(window, turn)
  }

  #turn(window: Window<Content> | undefined, turn: number): Content {
    if (window) {
      window.turn = turn
      this.#contents.clear(window.content)
      return window.content
    }
    const content = this.#contents.make()
    this.#windows[turn % WINDOWS] = { turn, content }
    return content
  }

  /** The contents of the last minute: those of the window of `now` and of the five before it. */
  recent(now: number): Content[] {
    const oldest = turnOf(now) - WINDOWS + 1
    const windows = this.#windows.filter((window) => window !== undefined && window.turn >= oldest)
    return windows.map((window) => (window as Window<Content>).content)
  }

  /** The time that `recent(now)` covers, in ms: 50 to 60 s, and less in the first minute. */
  coveredMs(now: number): number {
    const from = (turnOf(now) - WINDOWS + 1) * WINDOW_MS
    return Math.max(now - Math.max(from, this.#since), 1)
  }
}

function turnOf(now: number): number {
  return Math.floor(now / WINDOW_MS)
}
