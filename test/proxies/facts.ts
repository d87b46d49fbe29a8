// The way through each proxy: of WebSockets, 103 Early Hints, trailers, and the fields about the client.

import { once } from 'node:events'
import { request } from 'node:http'
import { WebSocket } from 'ws'
import { startProxy } from './proxy.ts'
import { startUpstream } from './upstream.ts'
import type { IncomingMessage } from 'node:http'
import type { Options, Outcome } from './options.ts'

const ANSWER_MS = 30_000
const SERVER = 'isthmus native'

interface Told {
  scheme: string
  told: Array<[name: string, value: string]>
}

/** Looks at each way from a client to an app. Only a WebSocket that fails is a fault: the rest are facts of the proxies. */
export async function facts({ proxies }: Options): Promise<Outcome> {
  const head = ['through', 'WebSocket', '103', 'trailers', 'a forged proto', 'fields that it sets']
  const lines: string[][] = []
  const upstream = await startUpstream(SERVER)
  try {
    lines.push(['direct', ...(await look(upstream.url))])
    for (const name of proxies) {
      process.stderr.write(`facts: ${name}\n`)
      const proxy = await startProxy(name, [upstream.port])
      try {
        lines.push([name, ...(await look(proxy.url))])
      } finally {
        await proxy.stop()
      }
    }
  } finally {
    await upstream.child.stop()
  }
  const faults = lines.flatMap(([way, webSocket]) =>
    webSocket === 'echo' ? [] : [`${way}: WebSocket: ${webSocket}`],
  )
  return { table: [head, ...lines], faults, skipped: [] }
}

async function look(url: string): Promise<string[]> {
  return [
    await orError(echo(`${url.replace('http', 'ws')}/ws`)),
    await orError(hints(`${url}/hints`)),
    await orError(trailers(`${url}/trailers`)),
    await orError(forgedScheme(`${url}/facts`)),
    await orError(fields(`${url}/raw-facts`)),
  ]
}

function orError(answer: Promise<string>): Promise<string> {
  return answer.catch((error: NodeJS.ErrnoException) => error.code ?? error.message)
}

async function echo(url: string): Promise<string> {
  const socket = new WebSocket(url, { handshakeTimeout: ANSWER_MS })
  const signal = AbortSignal.timeout(ANSWER_MS)
  await once(socket, 'open', { signal })
  const message = once(socket, 'message', { signal }) as Promise<[Buffer]>
  socket.send('echo')
  const [text] = await message
  const closed = once(socket, 'close', { signal })
  socket.close(1000)
  await closed
  return text.toString()
}

async function hints(url: string): Promise<string> {
  let isHinted = false
  const { status } = await get(url, {}, () => (isHinted = true))
  return isHinted ? `103, ${status}` : `${status} alone`
}

async function trailers(url: string): Promise<string> {
  const { status, response } = await get(url, { te: 'trailers' })
  return response.trailers['x-checksum'] === 'abc' ? 'arrive' : `dropped (${status})`
}

async function fields(url: string): Promise<string> {
  const { told } = JSON.parse((await get(url)).body) as Told
  return told.map(([name, value]) => `${name}: ${value}`).join('; ') || 'none'
}

// The client forges the field; the app reads the scheme after forwarded().
async function forgedScheme(url: string): Promise<string> {
  const { scheme } = JSON.parse((await get(url, { 'x-forwarded-proto': 'https' })).body) as Told
  return scheme === 'https' ? 'passed on' : 'removed'
}

interface Answer {
  status: number | undefined
  body: string
  response: IncomingMessage
}

async function get(
  url: string,
  headers: Record<string, string> = {},
  onInformation: () => void = () => {},
): Promise<Answer> {
  const sent = request(url, { agent: false, headers, timeout: ANSWER_MS })
  sent.on('information', onInformation)
  sent.on('timeout', () => sent.destroy(new Error(`no answer for ${ANSWER_MS} ms`)))
  sent.end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  let body = ''
  for await (const text of response.setEncoding('utf8')) body += text
  return { status: response.statusCode, body, response }
}
