// The body of a request on the way to the upstream.

import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fieldOf, statusOf, takeHead, takeResponse } from '../message.ts'
import { fields, forwarded, orEnding, outcomeOf } from '../looks.ts'
import { get, head, post } from '../request.ts'
import { answer } from '../scripts.ts'
import type { CaseGroup } from '../case.ts'
import type { Message } from '../message.ts'
import type { Script } from '../upstream.ts'
import type { Wire } from '../wire.ts'

const CHUNKED = head('POST / HTTP/1.1', 'Host: app.example', 'Transfer-Encoding: chunked')
const STALL_MS = 1_500
const PIECE = 'x'.repeat(64 * 1024)
const MOST_BYTES = 64 * 1024 * 1024
/** More than the buffers of four sockets. */
const BOUND_BYTES = 32 * 1024 * 1024

/** Answers at the head of the request, and reads the body. */
const early: Script = async ({ wire }) => {
  await wire.until('\r\n\r\n')
  wire.send('HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n')
  await wire.ended()
}

/** Reads the head, and nothing of the body. */
const stalled: Script = async ({ wire }) => {
  await wire.until('\r\n\r\n')
  wire.socket.pause()
  await once(wire.socket, 'close')
}

/** Says 100 if it is asked to. */
const continues: Script = async ({ wire }) => {
  const got = await takeHead(wire)
  if (fieldOf(got, 'expect') !== undefined) wire.send(head('HTTP/1.1 100 Continue'))
  await wire.until('hi')
  wire.send(answer())
  await wire.ended()
}

export const requestBodies: CaseGroup = {
  title: 'The body of a request',
  cases: [
    {
      name: 'Expect: 100-continue',
      upstreams: [continues],
      look: async ({ client, upstream }) => {
        const wire = await client()
        wire.send(head('POST / HTTP/1.1', 'Host: a', 'Content-Length: 2', 'Expect: 100-continue'))
        const { start } = await takeHead(wire)
        const by = upstream.wires.length === 0 ? 'the proxy' : 'the upstream'
        wire.send('hi')
        return `${start.split(' ')[1] ?? ''} by ${by}, then ${statusOf(await takeResponse(wire))}`
      },
    },
    {
      name: 'chunks without a length',
      look: forwarded(`${CHUNKED}2\r\nhi\r\n0\r\n\r\n`, framing),
    },
    {
      name: 'chunks with an extension and trailers',
      look: forwarded(
        `${CHUNKED}2;a=b\r\nhi\r\n0\r\nX-Sum: 1\r\n\r\n`,
        (got) => `${framing(got)}; trailers ${got.trailers.join() || 'removed'}`,
      ),
    },
    {
      name: 'a GET with a body',
      look: forwarded(`${get('/', 'Content-Length: 2')}hi`, framing),
    },
    {
      name: 'a POST with Content-Length: 0',
      look: forwarded(post(''), framing),
    },
    {
      name: 'a POST without a length',
      look: forwarded(head('POST / HTTP/1.1', 'Host: app.example'), framing),
    },
    {
      name: 'the first chunk, before the client sends the second',
      upstreams: [
        async ({ wire }) => {
          await wire.until('\r\n\r\n')
          await wire.until('first')
          wire.send(answer())
          await wire.ended()
        },
      ],
      look: async ({ client }) => {
        const wire = await client()
        wire.send(`${CHUNKED}5\r\nfirst\r\n`)
        return orEnding(async () => `arrives, ${statusOf(await takeResponse(wire))}`)
      },
    },
    {
      name: 'the upstream answers 413 before the body is sent',
      upstreams: [early],
      look: async ({ client }) => {
        const wire = await client()
        wire.send(head('POST / HTTP/1.1', 'Host: a', 'Content-Length: 1000000') + 'x')
        return orEnding(async () => outcomeOf(await takeResponse(wire)))
      },
    },
    {
      name: 'the upstream answers 413 and ends, while 20 MiB are sent',
      upstreams: [
        async ({ wire }) => {
          await wire.until('\r\n\r\n')
          wire.end(
            'HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
          )
          await wire.ended()
        },
      ],
      look: async ({ client }) => {
        const wire = await client()
        wire.send(head('POST / HTTP/1.1', 'Host: a', `Content-Length: ${20 * 1024 * 1024}`))
        wire.send('x'.repeat(20 * 1024 * 1024))
        return orEnding(async () => outcomeOf(await takeResponse(wire)))
      },
    },
    {
      name: 'the upstream reads nothing while a client sends 64 MiB',
      upstreams: [stalled],
      look: async ({ client }) => {
        const wire = await client()
        wire.send(head('POST / HTTP/1.1', 'Host: a', `Content-Length: ${MOST_BYTES}`))
        const taken = await sendUntilStalled(wire)
        return taken < BOUND_BYTES ? 'the client waits' : 'the proxy takes all'
      },
    },
    {
      name: 'the client resets within the body',
      upstreams: [
        async ({ wire }) => {
          await wire.until('\r\n\r\n')
          await wire.ended()
        },
      ],
      look: async ({ client, upstream }) => {
        const wire = await client()
        wire.send(`${head('POST / HTTP/1.1', 'Host: a', 'Content-Length: 1000')}half`)
        await sleep(STALL_MS)
        wire.reset()
        const [reached] = upstream.wires
        if (reached === undefined) return 'the upstream is never asked'
        await reached.ended()
        return 'the upstream sees the end'
      },
    },
    {
      name: 'the client leaves after a chunk: the last bytes at the upstream',
      upstreams: [
        async ({ wire }) => {
          await wire.until('\r\n\r\n')
          await wire.ended()
        },
      ],
      look: async ({ client, upstream }) => {
        const wire = await client()
        wire.send(`${CHUNKED}5\r\nfirst\r\n`)
        await sleep(STALL_MS)
        wire.reset()
        const [reached] = upstream.wires
        if (reached === undefined) return 'the upstream is never asked'
        await reached.ended()
        return JSON.stringify(reached.unread)
      },
    },
    {
      name: 'the client ends its half within the body',
      look: async ({ client, upstream }) => {
        const wire = await client()
        wire.end(`${head('POST / HTTP/1.1', 'Host: a', 'Content-Length: 1000')}half`)
        const rest = (await wire.rest()).split('\r\n', 1)[0] ?? ''
        const whole = upstream.requests.some(({ isWhole }) => isWhole)
        return `${rest || 'no answer'}; ${whole ? 'taken as whole' : 'never whole'}`
      },
    },
  ],
}

function framing(got: Message): string {
  const { body } = got
  const lines = fields(got, 'content-length', 'transfer-encoding')
  return `${lines === 'removed' ? 'no framing' : lines}; body "${body}"`
}

/** Sends until the proxy has taken nothing for STALL_MS. @returns the bytes that it took */
async function sendUntilStalled({ socket }: Wire): Promise<number> {
  let left = MOST_BYTES
  while (left > 0) {
    left -= PIECE.length
    if (socket.write(PIECE)) continue
    const drained = once(socket, 'drain').then(() => true)
    drained.catch(() => {})
    if (!(await Promise.race([drained, sleep(STALL_MS, false)]))) break
  }
  return MOST_BYTES - left
}
