// Keep-alive HTTP clients that cost next to nothing: they know the answer that every server here gives.

import { connect } from 'node:net'
import type { Socket } from 'node:net'

/** The results of the clients up to now. */
export interface Load {
  answered: number
}

const BODY = 'Hello, world\n'
const ANSWER_MS = 10_000

/**
 * Runs `during` while `count` clients ask for `url`, each on its own connection, one request after the other.
 *
 * @throws Error when a client is refused, cut off, answered with another status than 200, or left waiting for 10 s
 */
export async function besideClients<Result>(
  url: string,
  count: number,
  during: (load: Load) => Promise<Result>,
): Promise<Result> {
  const load: Load = { answered: 0 }
  const sockets = Array.from({ length: count }, () => client(new URL(url), load))
  try {
    return await Promise.race([during(load), ...sockets.map(failure)])
  } finally {
    for (const socket of sockets) socket.destroy()
  }
}

function client({ hostname, port, host, pathname, search }: URL, load: Load): Socket {
  const request = `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\n\r\n`
  const socket = connect(Number(port), hostname).setNoDelay().setEncoding('latin1')
  let answer = ''
  socket.on('data', (text: string) => {
    answer += text
    if (!answer.startsWith('HTTP/1.1 200 ')) {
      socket.destroy(new Error(`a client was answered "${answer.split('\r\n', 1)[0]}"`))
    }
    if (!answer.endsWith(BODY)) return
    load.answered += 1
    answer = ''
    socket.write(request)
  })
  socket.setTimeout(ANSWER_MS, () => socket.destroy(new Error('a client waited for 10 s')))
  socket.write(request)
  return socket
}

function failure(socket: Socket): Promise<never> {
  return new Promise((_resolve, reject) => {
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('the server hung up on a client')))
  })
}
