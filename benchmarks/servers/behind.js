// An upstream of node:http, and a proxy before that upstream in a process of its own, whose URL this process says. Arguments: the
// name of the proxy. The processes of the proxy are the children of this one, so that their cost can be told apart.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect, createServer as createSocketServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { CHUNK, CHUNKS, HELLO } from './content.js'
import { haproxyConfig, nginxConfig } from './proxies/configs.js'
import { ready } from './ready.js'

const POLL_MS = 20
// Longer than every proxy keeps an idle connection.
const KEEP_ALIVE_MS = 120_000

const [name] = process.argv.slice(2)
const directory = mkdtempSync(join(tmpdir(), 'isthmus-proxy-'))
const upstream = createServer(answer)
upstream.keepAliveTimeout = KEEP_ALIVE_MS
upstream.listen(0, '127.0.0.1')
await once(upstream, 'listening')

const port = await freePort()
const [file, ...words] = commandOf(name, port, upstream.address().port)
const PATH = `${process.env.PATH}:/usr/sbin`
const child = spawn(file, words, {
  stdio: ['pipe', 'inherit', 'inherit'],
  env: { ...process.env, PATH },
})
process.on('SIGTERM', () => process.exit())
process.on('exit', () => {
  child.kill()
  rmSync(directory, { recursive: true, force: true })
})
child.on('exit', () => process.exit(1))

while (!(await isListening(port))) await sleep(POLL_MS)
ready(`http://127.0.0.1:${port}`)

function commandOf(name, port, to) {
  if (name === 'nginx')
    return ['nginx', '-p', directory, '-c', written('nginx.conf', nginxConfig(port, to, directory))]
  if (name === 'haproxy')
    return ['haproxy', '-db', '-f', written('haproxy.cfg', haproxyConfig(port, to))]
  const path = fileURLToPath(new URL(`proxies/${name}.js`, import.meta.url))
  return [process.execPath, path, String(port), `http://127.0.0.1:${to}`]
}

function written(name, text) {
  const path = join(directory, name)
  writeFileSync(path, text)
  return path
}

function answer(request, response) {
  if (request.url === '/stream') return void stream(response)
  if (request.method === 'GET') return answerWith(response, HELLO)
  const pieces = []
  request.on('data', (piece) => pieces.push(piece))
  request.on('end', () => answerWith(response, Buffer.concat(pieces)))
}

function answerWith(response, body) {
  response.writeHead(200, {
    'content-type': 'text/plain',
    'content-length': Buffer.byteLength(body),
  })
  response.end(body)
}

async function stream(response) {
  response.writeHead(200, { 'content-type': 'text/plain' })
  for (let chunk = 0; chunk < CHUNKS; chunk += 1) {
    if (!response.write(CHUNK)) await once(response, 'drain')
  }
  response.end()
}

async function freePort() {
  const server = createSocketServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

async function isListening(port) {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
