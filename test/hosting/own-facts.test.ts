// The facts of a request in a host: those of its own client, also if many requests arrive together.

import { readFileSync } from 'node:fs'
import { once } from 'node:events'
import { connect } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { events, python, threads, tlsFiles } from 'isthmus'
import { testClient } from 'isthmus/testing'
import { describe, expect, it } from 'vitest'
import { served, soon } from '../raw/served.ts'
import { hasPython } from './python-there.ts'
import type { EventApp } from 'isthmus'

const MODULE = new URL('../fixtures/threads/own-facts-app.js', import.meta.url)
const cwd = fileURLToPath(new URL('../fixtures/python', import.meta.url))
const TLS = 'test/fixtures/tls/'
const USERS = ['anna', 'bert', 'cleo', 'dora', 'emil']

const HOSTS: Array<[string, boolean, () => EventApp]> = [
  ['a thread', true, () => threads(MODULE, { max: 1 })],
  ['a process of Python', hasPython, () => python('own_facts:app', { cwd, processes: 1 })],
]

/** Gives each request the facts of the user that its path names, as the server and a middleware do. */
const naming = (app: EventApp): EventApp =>
  events((scope, receive, send) => {
    if (scope.type === 'lifespan') return app(scope, receive, send)
    const user = scope.path.slice(1)
    const extensions = { ...scope.extensions, tls: { clientCertName: `CN=${user}` } }
    return app({ ...scope, extensions, state: { ...scope.state, user } }, receive, send)
  })

describe.each(HOSTS)('requests that arrive together in %s', (_name, isThere, host) => {
  it.runIf(isThere)('[3b.36] each have the facts of their own client', async () => {
    await using client = await testClient(naming(host()))
    // The host is there.
    await client.get('/first')
    const answers = await Promise.all(USERS.map((user) => client.get(`/${user}`)))
    expect(answers.map((answer) => answer.text())).toEqual(USERS.map((user) => factsOf(user)))

    const sockets = await Promise.all(USERS.map((user) => client.websocket(`/${user}`)))
    const messages = await Promise.all(sockets.map((socket) => socket.receive()))
    expect(messages).toEqual(USERS.map((user) => factsOf(user)))
  })
})

// JSON of Python has a space after a comma.
function factsOf(user: string): unknown {
  return expect.stringMatching(new RegExp(`^\\["CN=${user}", ?"${user}"\\]$`))
}

it.runIf(hasPython)('[3b.36] an app of Python finds the certificate of its client', async () => {
  const tls = tlsFiles({
    pairs: [{ cert: `${TLS}shop.pem`, key: `${TLS}shop.key` }],
    ca: `${TLS}office-ca.pem`,
    clientCerts: 'optional',
  })
  await using server = await served(python('own_facts:app', { cwd, processes: 1 }), { tls })
  const { port } = server.server.address as { port: number }
  const facts = async (pair: object): Promise<string> => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...pair })
    await soon(once(socket, 'secureConnect'), 'the handshake')
    socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    let text = ''
    socket.setEncoding('latin1').on('data', (part: string) => (text += part))
    await soon(once(socket, 'close'), 'the answer')
    return text.split('\r\n\r\n')[1] ?? ''
  }
  const guest = { cert: readFileSync(`${TLS}guest.pem`), key: readFileSync(`${TLS}guest.key`) }
  const [known, unknown] = await Promise.all([facts(guest), facts({})])
  expect(known).toContain('CN=guest')
  expect(unknown).toContain('null, null')
})
