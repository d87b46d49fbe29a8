// Long bodies in both directions: whole, in order, and with bounded memory.

import { createHash, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { chain } from 'isthmus'
import { compress, eventWrap } from 'isthmus/middleware'
import { remote } from 'isthmus/adapters'
import { served, soon } from '../../raw/served.ts'
import { front, until } from './upstream.ts'
import type { RequestListener } from 'node:http'

const MIB = 1024 * 1024
const CHUNK = randomBytes(64 * 1024)

async function upstream(listener: RequestListener): Promise<AsyncDisposable & { url: string }> {
  const http = createServer(listener)
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const { port } = http.address() as { port: number }
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    },
  }
}

// A middleware or a copy of a request may take the last part late, and the end of the response comes after that part.
describe('a sender that waits at each part', () => {
  const answers: Record<string, RequestListener> = {
    'with a length': (_request, response) => response.setHeader('content-length', 2).end('ab'),
    'in chunks': (_request, response) => {
      response.write('a')
      response.end('b')
    },
    'without a body': (_request, response) => response.writeHead(204).end(),
    'with trailers': (_request, response) => {
      response.setHeader('trailer', 'x-sum')
      response.write('ab')
      response.addTrailers({ 'x-sum': '1' })
      response.end()
    },
  }
  const slow = eventWrap((app) => (scope, receive, send) => {
    return app(scope, receive, async (event) => {
      await setTimeout(5)
      await send(event)
    })
  })

  it.each(Object.entries(answers))(
    'gets a response %s, and gives its connection back',
    async (_form, listener) => {
      await using up = await upstream(listener)
      const app = remote(up.url, { connections: 1 })
      await using running = await served(chain(slow)(app), { lifespan: 'auto' })
      for (let count = 1; count <= 3; count += 1) {
        const response = await soon(fetch(running.server.url), 'the response')
        expect(await response.text()).toBe(response.status === 204 ? '' : 'ab')
        await until(() => app.stats().targets[0]?.completed === count, 'the end')
        expect(app.stats().targets[0]?.inFlight).toBe(0)
      }
    },
  )
})

describe('a body of 64 MiB', () => {
  it('goes up and comes back unchanged', async () => {
    await using up = await upstream((request, response) => request.pipe(response))
    await using running = await served(remote(up.url), { lifespan: 'auto', maxBodyBytes: Infinity })
    const sent = createHash('sha1')
    const body = new ReadableStream({
      pull: countdown(1_024, () => {
        sent.update(CHUNK)
        return CHUNK
      }),
    })
    const init = { method: 'POST', body, duplex: 'half' } as RequestInit
    const response = await fetch(running.server.url, init)
    const got = createHash('sha1')
    for await (const chunk of response.body!) got.update(chunk as Uint8Array)
    expect(got.digest('hex')).toBe(sent.digest('hex'))
  })

  it('waits in the target for a client that does not read', async () => {
    let written = 0
    await using up = await upstream((_request, response) => {
      const more = (): void => {
        while (written < 64 * MIB) {
          written += CHUNK.length
          if (!response.write(CHUNK)) return void response.once('drain', more)
        }
        response.end()
      }
      more()
    })
    await using on = await front(up.url)
    on.client.socket.pause()
    on.client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await setTimeout(700)
    const before = written
    expect(before).toBeLessThan(32 * MIB)
    on.client.socket.resume()
    const head = await soon(on.client.head(), 'the head')
    expect(head.status).toBe(200)
    await until(() => written === 64 * MIB, 'the rest')
  })

  it('waits in the client for a target that does not read', async () => {
    await using up = await upstream(() => undefined)
    await using running = await served(remote(up.url), { lifespan: 'auto', maxBodyBytes: Infinity })
    const client = await running.connect()
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${64 * MIB}\r\n\r\n`)
    let taken = 0
    const more = (): void => {
      while (taken < 64 * MIB) {
        taken += CHUNK.length
        if (!client.socket.write(CHUNK)) return void client.socket.once('drain', more)
      }
    }
    more()
    await setTimeout(700)
    expect(taken).toBeLessThan(32 * MIB)
    client.socket.destroy()
  })
})

it('a response passes middleware that waits and changes the body', async () => {
  const text = 'hello '.repeat(10_000)
  await using up = await upstream((_request, response) => {
    response.setHeader('content-type', 'text/plain')
    response.end(text)
  })
  await using running = await served(chain(compress())(remote(up.url)), { lifespan: 'auto' })
  const response = await fetch(running.server.url)
  expect(response.headers.get('content-encoding')).not.toBeNull()
  expect(await response.text()).toBe(text)
})

function countdown(
  count: number,
  next: () => Uint8Array,
): (controller: ReadableStreamDefaultController) => void {
  let left = count
  return (controller) => {
    if (left === 0) return controller.close()
    left -= 1
    controller.enqueue(next())
  }
}
