// Moves a gibibyte to or from a server, and asks the process of the server for its costs.

import { once } from 'node:events'
import { connect } from 'node:net'
import type { ChildProcess } from 'node:child_process'
import type { ServerAddress } from 'isthmus'

export const MIB: number = 1024 * 1024
/** A gibibyte. `.ci/run` moves less: memory that grows with a body shows above the limit then too. */
export const TRANSFER_MIB: number = Number(process.env['TRANSFER_MIB'] ?? 1_024)
export const TRANSFER_BYTES: number = TRANSFER_MIB * MIB
export const DEADLINE_MS = 120_000

/** Moves a gibibyte through `path`, and returns the counted bytes. */
export type Transfer = (address: ServerAddress, path: string) => Promise<number>

/** The next message of `child`. */
export async function answer(child: ChildProcess): Promise<unknown> {
  const signal = AbortSignal.timeout(DEADLINE_MS)
  const died = once(child, 'exit', { signal }).then(() => {
    throw new Error('the server died')
  })
  died.catch(() => undefined)
  const [message] = (await Promise.race([once(child, 'message', { signal }), died])) as unknown[]
  return message
}

/** Sends a gibibyte to `path` at the pace of the server, and returns the size that the app has counted. */
export async function upload(address: ServerAddress, path: string): Promise<number> {
  const socket = connect(address)
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${TRANSFER_BYTES}\r\nConnection: close\r\n\r\n`,
  )
  const block = Buffer.alloc(65_536)
  const signal = AbortSignal.timeout(DEADLINE_MS)
  for (let sent = 0; sent < TRANSFER_BYTES; sent += block.length) {
    if (!socket.write(block)) await once(socket, 'drain', { signal })
  }
  let text = ''
  socket.on('data', (chunk) => (text += chunk.toString('latin1')))
  await once(socket, 'close', { signal })
  return Number(text.split('\r\n\r\n')[1])
}

/** Reads and drops the response of `path`, and returns its size in bytes, with head and framing. */
export async function download(address: ServerAddress, path: string): Promise<number> {
  const socket = connect(address)
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
  socket.resume()
  await once(socket, 'close', { signal: AbortSignal.timeout(DEADLINE_MS) })
  return socket.bytesRead
}
