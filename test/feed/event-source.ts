// A reader of server-sent events with the fields that a test looks at.

/** One event: its id, its type, and its data as JSON. */
export interface SentEvent {
  id: string
  type: string
  data: unknown
}

/** An open response. */
export class EventReader implements AsyncDisposable {
  readonly response: Response
  readonly #reader: ReadableStreamDefaultReader<string> | undefined
  readonly #leave: AbortController
  #text = ''

  constructor(response: Response, leave: AbortController) {
    this.response = response
    this.#leave = leave
    this.#reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  }

  /** The next event; undefined at the end of the response. `retry` alone is no event. */
  async next(): Promise<SentEvent | undefined> {
    for (;;) {
      const end = this.#text.indexOf('\n\n')
      if (end === -1) {
        const { done, value } = (await this.#reader?.read()) ?? { done: true }
        if (done) return undefined
        this.#text += value
        continue
      }
      const fields = new Map(this.#text.slice(0, end).split('\n').map(fieldOf))
      this.#text = this.#text.slice(end + 2)
      const data = fields.get('data')
      if (data === undefined) continue
      const [id = '', type = 'message'] = [fields.get('id'), fields.get('event')]
      return { id, type, data: JSON.parse(data) as unknown }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leave.abort()
    await this.#reader?.cancel().catch(() => undefined)
  }
}

/** Asks for server-sent events. */
export async function openEvents(
  url: string,
  headers: Record<string, string> = {},
): Promise<EventReader> {
  const leave = new AbortController()
  const signal = AbortSignal.any([leave.signal, AbortSignal.timeout(30_000)])
  const response = await fetch(url, {
    headers: { accept: 'text/event-stream', ...headers },
    signal,
  })
  return new EventReader(response, leave)
}

function fieldOf(line: string): [name: string, value: string] {
  const colon = line.indexOf(': ')
  return [line.slice(0, colon), line.slice(colon + 2)]
}
