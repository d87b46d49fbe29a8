// The body of a request: whole, or as a stream of bytes.

import type { Receive } from '../../contract/events.ts'

/** All bytes of the body. @throws DOMException `AbortError` if the client leaves */
export async function wholeBody(receive: Receive): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for (;;) {
    const event = await receive()
    if (event.type !== 'http.request') throw clientLeft()
    if (event.body.length > 0) chunks.push(event.body)
    if (!event.moreBody) return Buffer.concat(chunks)
  }
}

/** The body as a stream, which reads from the server only when its reader asks. */
export function bodyStream(receive: Receive): ReadableStream<Uint8Array> {
  return new ReadableStream({
    type: 'bytes',
    pull: (controller) => pull(receive, controller),
  })
}

async function pull(receive: Receive, controller: ReadableByteStreamController): Promise<void> {
  for (;;) {
    const event = await receive()
    if (event.type !== 'http.request') return controller.error(clientLeft())
    // A byte stream takes the memory away: it gets a copy.
    if (event.body.length > 0) controller.enqueue(new Uint8Array(event.body))
    if (!event.moreBody) {
      controller.close()
      controller.byobRequest?.respond(0)
      return
    }
    if (event.body.length > 0) return
  }
}

function clientLeft(): DOMException {
  return new DOMException('the client left', 'AbortError')
}
