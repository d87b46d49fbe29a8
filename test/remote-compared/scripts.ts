// The parts that many upstreams play.

import type { Script } from './upstream.ts'

/** An answer with this text. */
export function answer(body = 'ok', ...fields: string[]): string {
  const lines = ['HTTP/1.1 200 OK', `Content-Length: ${body.length}`, ...fields]
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}

/** Answers each request with `ok`. */
export const answers: Script = responds(answer())

/** Answers each request with these bytes, and keeps the connection open. */
export function responds(bytes: string): Script {
  return async ({ wire, request }) => {
    for (;;) {
      await request()
      wire.send(bytes)
    }
  }
}

/** Answers the first request of each connection with these bytes, and ends with FIN or RST. */
export function respondsAndEnds(bytes: string, ending: 'FIN' | 'RST' = 'FIN'): Script {
  return async ({ wire, request }) => {
    await request()
    if (ending === 'FIN') return wire.end(bytes)
    wire.send(bytes)
    // RST drops the bytes that the other side has not read.
    await new Promise((resolve) => setTimeout(resolve, RST_AFTER_MS))
    wire.reset()
  }
}

const RST_AFTER_MS = 200

/** Takes each request, and never answers. */
export const silent: Script = async ({ wire, request }) => {
  await request()
  await wire.ended()
}
