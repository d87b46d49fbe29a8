// The corpus over real sockets: the requests that the app gets, and the answers that the client gets.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engine } from '../engine.ts'
import { CORPUS } from './corpus/corpus.ts'
import { OVER_NODE } from './corpus/over-node.ts'
import { answer, httpApp, readAll, served } from './served.ts'
import type { HeaderPairs } from 'isthmus'
import type { CorpusCase, ExpectedRequest } from './corpus/case.ts'
import type { Served } from './served.ts'

interface Heard {
  method: string
  target: string
  headers: HeaderPairs
  body: string
}

// A case that is sent byte by byte costs one turn of the event loop for each byte.
const MOST_PIECES = 200

describe.each(Object.entries(CORPUS))('the corpus of %s, over a socket', (_topic, cases) => {
  let heard: Heard[] = []
  let server: Served
  const app = httpApp(async ({ method, rawPath, queryString, headers }, receive, send) => {
    const body = (await readAll(receive)).toString('latin1')
    heard.push({ method, target: rawPath + (queryString && `?${queryString}`), headers, body })
    await answer(send, 'ok\n')
  })
  beforeAll(async () => {
    server = await served(app)
  })
  afterAll(() => server[Symbol.asyncDispose]())

  const asked = cases.filter(isHttp)
  const isOtherwise = ({ name }: CorpusCase): boolean => engine === 'node' && OVER_NODE.has(name)
  const named = (entries: CorpusCase[]) => entries.map((entry) => [entry.name, entry] as const)

  it.each(named(asked.filter((entry) => !isOtherwise(entry))))('%s', async (_name, entry) => {
    for (const outcome of await outcomesOf(entry)) expect(outcome).toEqual(expectedOf(entry))
  })

  it.runIf(engine === 'node').each(named(asked.filter(isOtherwise)))(
    '%s, decided by node:http',
    async (_name, entry) => {
      expect(await outcomesOf(entry)).not.toContainEqual(expectedOf(entry))
    },
  )

  /** The outcome of the bytes in one piece and, if they are not too many, byte by byte. */
  async function outcomesOf({ bytes, requests }: CorpusCase): Promise<Outcome[]> {
    const outcomes = []
    for (const pieces of bytes.length > MOST_PIECES ? [[bytes]] : [[bytes], bytes.split('')]) {
      heard = []
      const statuses = await statusesOf(server, pieces)
      outcomes.push({ statuses, heard: heard.map((each, at) => partOf(each, requests[at])) })
    }
    return outcomes
  }
})

interface Outcome {
  statuses: number[]
  /** The parts of the requests that the case names. */
  heard: object[]
}

function expectedOf(entry: CorpusCase): Outcome {
  const heard = entry.requests.map((request) => partOf(complete(request), request))
  return { statuses: statusesOfCase(entry), heard }
}

/** Sends these pieces and ends its side. Returns the final statuses of the answers. */
async function statusesOf(server: Served, pieces: string[]): Promise<number[]> {
  using client = await server.connect()
  for (const piece of pieces) await client.sendApart(piece)
  client.socket.end()
  const text = await client.rest()
  const statuses = [...text.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status))
  return statuses.filter((status) => status >= 200)
}

function statusesOfCase({ requests, then }: CorpusCase): number[] {
  return [...requests.map(() => 200), ...(typeof then === 'number' ? [then] : [])]
}

// This app serves no WebSockets.
function isHttp({ requests }: CorpusCase): boolean {
  return requests.every(({ upgrade }) => !/websocket/i.test(upgrade ?? ''))
}

function complete({
  method = 'GET',
  body = '',
  target = '',
  headers = [],
}: ExpectedRequest): Heard {
  return { method, target: target.replace(/\?$/, ''), headers, body }
}

// A scope keeps the target only in origin form, and without the mark of an empty query. Headers and target are compared if
// the case names them.
function partOf({ method, target, headers, body }: Heard, asked: ExpectedRequest = {}): object {
  const isOrigin = asked.target?.startsWith('/') === true
  return { method, body, ...(isOrigin && { target }), ...(asked.headers && { headers }) }
}
