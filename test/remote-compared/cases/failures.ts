// Upstreams that refuse, die, or keep the client waiting; and the attempts of the proxy.

import { statusOf, takeResponse } from '../message.ts'
import { ending, orEnding, outcomeOf } from '../looks.ts'
import { get, head, post } from '../request.ts'
import { answer, answers, respondsAndEnds, silent } from '../scripts.ts'
import type { CaseGroup, ComparedCase, Place } from '../case.ts'
import type { Script } from '../upstream.ts'

const PUT = post('hello').replace('POST', 'PUT')
const LENGTH = head('HTTP/1.1 200 OK', 'Content-Length: 10')
const CHUNKED = head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')
const WAIT_MS = 700

/** Takes a request, and ends the connection without a byte. */
const dies: Script = respondsAndEnds('')

/** Answers the first request of its first connection, and ends it at the second request. */
const stale: Script = async ({ wire, request, at }) => {
  await request()
  wire.send(answer())
  await request()
  if (at === 0) return wire.end()
  wire.send(answer())
}

export const failures: CaseGroup = {
  title: 'An upstream that fails',
  cases: [
    tried('refuses connections: GET', get('/'), [null]),
    tried('refuses; the second answers: GET', get('/'), [null, answers]),
    tried('refuses; the second answers: POST', post('hello'), [null, answers]),
    tried('both refuse', get('/'), [null, null]),
    tried('dies before the head: GET, one target', get('/'), [dies]),
    tried('dies before the head: POST, one target', post('hello'), [dies]),
    tried('dies before the head; the second answers: GET', get('/'), [dies, answers]),
    tried('dies before the head; the second answers: PUT of 5 bytes', PUT, [dies, answers]),
    tried('dies before the head; the second answers: POST', post('hello'), [dies, answers]),
    tried('dies before the head: both', get('/'), [dies, dies]),
    tried('503; the second answers 200', get('/'), [
      respondsAndEnds(head('HTTP/1.1 503 Busy', 'Content-Length: 0')),
      answers,
    ]),
    staleCase('closes the kept connection as the next request comes: GET', get('/')),
    staleCase('closes the kept connection as the next request comes: POST', post('hello')),
    cut('dies within the head', 'HTTP/1.1 200 OK\r\nContent-Le'),
    cut('dies after the head, with a length', LENGTH),
    cut('dies within the body, with a length', `${LENGTH}half`),
    cut('resets within the body, with a length', `${LENGTH}half`, 'RST'),
    cut('dies after the head, with chunks', CHUNKED),
    cut('dies between two chunks', `${CHUNKED}4\r\nhalf\r\n`),
    cut('dies within a chunk', `${CHUNKED}a\r\nhalf`),
    cut('dies before the empty line after the last chunk', `${CHUNKED}2\r\nok\r\n0\r\n`),
    cut('resets between two chunks', `${CHUNKED}4\r\nhalf\r\n`, 'RST'),
    cut('resets a body up to the end of the connection', 'HTTP/1.1 200 OK\r\n\r\nhalf', 'RST'),
    {
      name: `sends no head for longer than the timeout`,
      upstreams: [silent],
      timeoutMs: WAIT_MS,
      look: attempts(get('/')),
    },
    {
      name: `sends no head for longer than the timeout; the second answers`,
      upstreams: [silent, answers],
      timeoutMs: WAIT_MS,
      look: attempts(get('/')),
    },
    {
      name: 'stops within the body for longer than the timeout',
      upstreams: [
        async ({ wire, request }) => {
          await request()
          wire.send(`${LENGTH}half`)
          await wire.ended()
        },
      ],
      timeoutMs: WAIT_MS,
      look: ending(get('/')),
    },
    {
      name: 'sends a part of the body every 300 ms, in all for longer than the timeout',
      upstreams: [
        async ({ wire, request }) => {
          await request()
          wire.send(LENGTH)
          for (let part = 0; part < 10; part += 1) {
            await new Promise((resolve) => setTimeout(resolve, 300))
            wire.send('x')
          }
          await wire.ended()
        },
      ],
      timeoutMs: 1_500,
      look: ending(get('/')),
    },
  ],
}

/** The status, and the requests that reached each upstream. */
function attempts(request: string): ComparedCase['look'] {
  return async ({ client, upstreams }: Place) => {
    const wire = await client()
    wire.send(request)
    const said = await orEnding(async () => String(statusOf(await takeResponse(wire))))
    return `${said}; asked ${upstreams.map(({ requests }) => requests.length).join(' and ')}`
  }
}

function tried(
  name: string,
  request: string,
  upstreams: ReadonlyArray<Script | null>,
): ComparedCase {
  return { name, upstreams, look: attempts(request) }
}

function cut(name: string, bytes: string, how: 'FIN' | 'RST' = 'FIN'): ComparedCase {
  return {
    name,
    upstreams: [respondsAndEnds(bytes, how)],
    look: ending(get('/')),
  }
}

function staleCase(name: string, request: string): ComparedCase {
  return {
    name,
    upstreams: [stale],
    look: async ({ client, upstream }) => {
      const wire = await client()
      wire.send(request)
      const first = outcomeOf(await takeResponse(wire))
      wire.send(request)
      const second = await orEnding(async () => outcomeOf(await takeResponse(wire)))
      return `${first}; then ${second}; asked ${upstream.requests.length} times`
    },
  }
}
