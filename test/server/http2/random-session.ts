// Sessions of random frames: valid, nearly valid and invalid ones, in random order and pieces. The seed decides everything.

import { settlesWithin } from '../../../src/waiting/settles-within.ts'
import { seeded } from '../../migrate/apps.ts'
import { answer, httpApp } from '../../raw/http-app.ts'
import { fieldBlock, FLAG, frame, FrameClient, GET, TYPE } from './frame-client.ts'
import { websocket } from 'isthmus'
import type { EventApp, ServerAddress } from 'isthmus'

const echo = websocket(async (socket) => {
  for await (const message of socket) await socket.send(message)
})

const ways: Record<string, EventApp> = {
  '/': httpApp(async (_scope, _receive, send) => answer(send, 'hello')),
  '/echo': httpApp(async (_scope, receive, send) => {
    const chunks: Uint8Array[] = []
    for await (const event of receive) {
      if (event.type !== 'http.request') return
      chunks.push(event.body ?? new Uint8Array(0))
    }
    await answer(send, Buffer.concat(chunks))
  }),
  '/big': httpApp(async (_scope, _receive, send) => {
    await send({ type: 'http.response.start', status: 200, trailers: true })
    for (let part = 0; part < 8; part += 1) {
      await send({ type: 'http.response.body', body: 'x'.repeat(100_000), moreBody: part < 7 })
    }
    await send({ type: 'http.response.trailers', headers: [['x-sum', '1']] })
  }),
  '/hint': httpApp(async (_scope, _receive, send) => {
    await send({ type: 'http.response.early_hint', links: ['</a>'] })
    await answer(send, 'hinted')
  }),
  '/wait': httpApp(async (_scope, receive) => {
    for await (const event of receive) if (event.type === 'http.disconnect') return
  }),
  '/late': httpApp(async (_scope, _receive, send) => {
    await new Promise((resolve) => setTimeout(resolve, 5))
    await answer(send, 'late')
  }),
}

/** An app of many kinds of answers, by path. */
export const fuzzedApp: EventApp = (scope, receive, send) => {
  if (scope.type === 'websocket') return echo(scope, receive, send)
  const way = scope.type === 'http' ? (ways[scope.path] ?? ways['/']) : ways['/']
  return (way as EventApp)(scope, receive, send)
}

const PATHS = Object.keys(ways)
const MOST_FRAMES = 40
const FIELDS: ReadonlyArray<readonly [string, string]> = [
  ['te', 'trailers'],
  ['expect', '100-continue'],
  ['content-length', '0'],
  ['content-length', '10'],
  ['cookie', 'a=1'],
  ['host', 'other'],
  ['connection', 'close'],
  ['x-own', 'x'.repeat(3_000)],
  ['sec-websocket-version', '13'],
  [':protocol', 'websocket'],
]

/** One session with the random frames of `seed`. Resolves when the connection has ended. */
export async function randomSession(address: ServerAddress, seed: number): Promise<void> {
  const random = seeded(seed)
  const settings = random() < 0.3 ? Buffer.from([0, 4, 0, 0, 0, below(random, 3)]) : undefined
  using client = await FrameClient.open(address, settings)
  const ids = { last: -1 }
  for (let count = below(random, MOST_FRAMES); count >= 0 && !client.isEnded; count -= 1) {
    const bytes = randomFrame(random, ids)
    const cut = random() < 0.3 ? below(random, bytes.length) : bytes.length
    client.send(bytes.subarray(0, cut))
    if (random() < 0.5) await new Promise((resolve) => setImmediate(resolve))
    if (random() < 0.97) client.send(bytes.subarray(cut))
  }
  if (random() < 0.3)
    await settlesWithin(
      client.ended().catch(() => undefined),
      20,
    )
  const farewell = random()
  if (farewell < 0.5) client.socket.end()
  else if (farewell < 0.75) client.socket.resetAndDestroy()
}

function randomFrame(random: () => number, ids: { last: number }): Buffer {
  const kind = random()
  if (kind < 0.45) return request(random, ids)
  const stream = someStream(random, ids)
  if (kind < 0.6) return frame(TYPE.DATA, below(random, 2), stream, noise(random, 300))
  if (kind < 0.7) return frame(TYPE.RST_STREAM, 0, stream, number(below(random, 14)))
  if (kind < 0.78) return frame(TYPE.WINDOW_UPDATE, 0, stream, number(below(random, 70_000)))
  if (kind < 0.82) return frame(TYPE.SETTINGS, 0, 0, setting(random))
  if (kind < 0.85) return frame(TYPE.PING, below(random, 2), 0, Buffer.alloc(8))
  if (kind < 0.87) return frame(TYPE.GOAWAY, 0, 0, Buffer.alloc(8))
  if (kind < 0.92) return frame(TYPE.HEADERS, 5, stream, fieldBlock([['x-sum', '1']]))
  return frame(below(random, 12), below(random, 256), stream, noise(random, 40))
}

function request(random: () => number, ids: { last: number }): Buffer {
  ids.last = Math.max(1, ids.last + (random() < 0.97 ? 2 : below(random, 9)))
  const method = pick(random, ['GET', 'GET', 'POST', 'HEAD', 'OPTIONS', 'CONNECT'])
  const pseudo = [[':method', method], ...GET.slice(1, 3), [':path', pick(random, PATHS)]] as const
  const more = FIELDS.filter(([name]) =>
    name === ':protocol' ? method === 'CONNECT' : random() < 0.06,
  )
  const sorted = [...more.filter(([name]) => name === ':protocol'), ...more]
  const fields = [...pseudo, ...new Set(sorted)]
  const flags = (random() < 0.95 ? FLAG.END_HEADERS : 0) | (random() < 0.6 ? FLAG.END_STREAM : 0)
  const block = fieldBlock(
    method === 'CONNECT' ? [...fields, ['sec-websocket-version', '13']] : fields,
  )
  if (random() < 0.03) block[below(random, block.length)] = below(random, 256)
  return frame(TYPE.HEADERS, flags, ids.last, block)
}

function someStream(random: () => number, { last }: { last: number }): number {
  const choice = random()
  if (choice < 0.7) return Math.max(1, last - 2 * below(random, 4))
  return choice < 0.85 ? 0 : below(random, 50)
}

function setting(random: () => number): Buffer {
  const bytes = Buffer.alloc(6)
  bytes.writeUInt16BE(below(random, 10), 0)
  bytes.writeUInt32BE(below(random, 70_000), 2)
  return bytes
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

function noise(random: () => number, most: number): Buffer {
  return Buffer.from(Array.from({ length: below(random, most) }, () => below(random, 256)))
}

function pick<Kind>(random: () => number, kinds: readonly Kind[]): Kind {
  return kinds[below(random, kinds.length)] as Kind
}

function below(random: () => number, limit: number): number {
  return Math.floor(random() * limit)
}
