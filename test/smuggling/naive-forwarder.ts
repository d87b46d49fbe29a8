// A forwarder with the fault of CVE-2022-31813: it removes each field that Connection names, also Content-Length. The
// tests show with it that an attempt finds a request that is hidden.

import { once } from 'node:events'
import { connect } from 'node:net'
import { Wire } from '../remote-compared/wire.ts'
import type { EventApp, HeaderPairs, Receive } from 'isthmus'

/** Forwards each request to `url` on a connection that stays open. */
export async function naiveForwarder(url: string): Promise<EventApp & Disposable> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  await once(socket, 'connect')
  const wire = new Wire(socket)
  const app: EventApp = async (scope, receive, send) => {
    if (scope.type !== 'http') return
    const lines = [`${scope.method} ${scope.rawPath} HTTP/1.1`, ...fieldLines(scope.headers)]
    wire.send(`${lines.join('\r\n')}\r\n\r\n${await bodyOf(receive)}`)
    const answer = await wire.until('\r\n\r\nok')
    const echo = /^x-echo: (.*)\r$/im.exec(answer)?.[1] ?? ''
    await send({ type: 'http.response.start', status: 200, headers: [['x-echo', echo]] })
    await send({ type: 'http.response.body', body: Buffer.from('ok') })
  }
  return Object.assign(app, { [Symbol.dispose]: () => wire[Symbol.dispose]() })
}

function fieldLines(headers: HeaderPairs): string[] {
  const connection = headers.find(([name]) => name === 'connection')?.[1] ?? ''
  const named = ['connection', ...connection.toLowerCase().split(/[\s,]+/)]
  return headers
    .filter(([name]) => !named.includes(name))
    .map(([name, value]) => `${name}: ${value}`)
}

async function bodyOf(receive: Receive): Promise<string> {
  let body = ''
  for await (const event of receive) {
    if (event.type !== 'http.request') break
    body += Buffer.from(event.body).toString('latin1')
    if (!event.moreBody) break
  }
  return body
}
