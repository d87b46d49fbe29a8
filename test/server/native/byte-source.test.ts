import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { byteSource } from '../../../src/server/native/byte-source.ts'
import type { AddressInfo, Server, Socket } from 'node:net'

const DEADLINE = { signal: AbortSignal.timeout(30_000) }

let server: Server | undefined
afterEach(() => server?.close())

describe.each([
  { name: 'lent', spoil: (socket: Socket) => socket, isLent: process.platform !== 'win32' },
  {
    name: 'of data events, where a handle is not what it was',
    spoil: withoutBuffer,
    isLent: false,
  },
])('the bytes of a socket, $name', ({ spoil, isLent }) => {
  it('arrive in the order of sending, and then the end', async () => {
    const { accepted, client } = await pair()
    const source = byteSource(spoil(accepted))
    expect(source.isLent).toBe(isLent)
    let text = ''
    source.start((bytes) => (text += bytes.toString('latin1')))
    const ended = once(source.socket, 'end', DEADLINE)
    client.end('x'.repeat(200_000))
    await ended
    expect(text).toHaveLength(200_000)
    source.socket.destroy()
  })

  it('reach the client, and the close of the socket is reported', async () => {
    const { accepted, client } = await pair()
    const { socket } = byteSource(spoil(accepted))
    expect(socket.remotePort).toBe(client.localPort)
    socket.end('hello')
    const [bytes] = (await once(client, 'data', DEADLINE)) as [Buffer]
    expect(bytes.toString()).toBe('hello')
    const closed = once(socket, 'close', DEADLINE)
    client.end()
    socket.resume()
    await closed
  })

  it('stay in the socket once the source is stopped, and none is lost', async () => {
    const { accepted, client } = await pair()
    const source = byteSource(spoil(accepted))
    const first = new Promise((resolve) => {
      source.start((bytes) => {
        source.stop()
        resolve(bytes.toString('latin1'))
      })
    })
    client.write('first')
    expect(await first).toBe('first')
    client.write('later')
    for (let turns = 0; turns < 20; turns += 1)
      await new Promise((resolve) => setImmediate(resolve))
    const later = once(source.socket, 'data', DEADLINE)
    source.socket.resume()
    expect(String(await later)).toBe('later')
    source.socket.destroy()
  })

  it('arrive again when the socket resumes after a pause', async () => {
    const { accepted, client } = await pair()
    const source = byteSource(spoil(accepted))
    const parts: string[] = []
    source.start((bytes) => {
      parts.push(bytes.toString('latin1'))
      source.socket.emit('part')
    })
    client.write('one')
    await once(source.socket, 'part', DEADLINE)
    source.socket.pause()
    client.write('two')
    for (let turns = 0; turns < 20; turns += 1)
      await new Promise((resolve) => setImmediate(resolve))
    source.socket.resume()
    if (parts.length === 1) await once(source.socket, 'part', DEADLINE)
    expect(parts).toEqual(['one', 'two'])
    source.socket.destroy()
  })
})

async function pair(): Promise<{ accepted: Socket; client: Socket }> {
  server = createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(0, '127.0.0.1')
  await once(server, 'listening', DEADLINE)
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [accepted] = (await once(server, 'connection', DEADLINE)) as [Socket]
  return { accepted, client }
}

// The handle of another version of Node.
function withoutBuffer(socket: Socket): Socket {
  const { _handle: handle } = socket as unknown as { _handle: object }
  Object.defineProperty(handle, 'useUserBuffer', { value: undefined })
  return socket
}
