// Runs h2spec against isthmus and against a bare server of node:http2, over TCP and TLS. A case that only isthmus fails is a
// failure of this command. It needs the program h2spec: https://github.com/summerwind/h2spec

import { spawn } from 'node:child_process'
import { createSecureServer, createServer } from 'node:http2'
import { readFileSync } from 'node:fs'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { serve } from 'isthmus'
import type { Http2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { EventApp } from 'isthmus'

const PROGRAM = process.env['H2SPEC'] ?? 'h2spec'
// A response that comes at once would race the second frame of a case.
const ANSWER_MS = 20
// The port serves HTTP/1.1 too: bytes that are no preface get an answer in HTTP/1.1.
const EXPECTED = 'Sends invalid connection preface'

const pem = (name: string): Buffer =>
  readFileSync(new URL(`../test/fixtures/tls/${name}`, import.meta.url))
const tls = { cert: pem('server.pem'), key: pem('server.key') }

const app: EventApp = async (scope, _receive, send) => {
  if (scope.type !== 'http') throw new Error(`${scope.type} is not served`)
  await sleep(ANSWER_MS)
  await send({ type: 'http.response.start', status: 200 })
  await send({ type: 'http.response.body', body: 'Hello, world\n' })
}

/** The failed cases by their titles, and the last line of h2spec. */
async function failuresOf(
  port: number,
  isTls: boolean,
): Promise<{ failed: Set<string>; line: string }> {
  const words = ['-h', '127.0.0.1', '-p', String(port), '-o', '2', ...(isTls ? ['-t', '-k'] : [])]
  const child = spawn(PROGRAM, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')])
  // Not in the section "Failures", which repeats the cases.
  const failed = [...output.matchAll(/× \d+: (.+)$/gm)].map(([, title]) => title as string)
  return { failed: new Set(failed), line: output.trim().split('\n').at(-1) ?? '' }
}

async function bare(isTls: boolean): Promise<Http2Server> {
  const server = isTls ? createSecureServer(tls) : createServer()
  server
    .on('sessionError', () => undefined)
    .on('stream', (stream) => {
      stream.on('error', () => undefined)
      setTimeout(() => {
        if (stream.destroyed || stream.closed) return
        stream.respond({ ':status': 200 })
        stream.end('Hello, world\n')
      }, ANSWER_MS)
    })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return server
}

let isGood = true
for (const isTls of [false, true]) {
  const control = await bare(isTls)
  const theirs = await failuresOf((control.address() as AddressInfo).port, isTls)
  control.close()
  const server = await serve(app, { port: 0, http2: true, tls: isTls ? tls : null, log: null })
  const ours = await failuresOf(Number(new URL(server.url).port), isTls)
  await server.close()
  const own = [...ours.failed].filter((title) => !theirs.failed.has(title) && title !== EXPECTED)
  const place = isTls ? 'TLS' : 'TCP'
  console.log(`${place}: node:http2: ${theirs.line}\n${place}: isthmus: ${ours.line}`)
  for (const title of ours.failed) {
    console.log(`  ${own.includes(title) ? 'isthmus only' : 'explained'}: ${title}`)
  }
  if (own.length > 0) isGood = false
}
process.exitCode = isGood ? 0 : 1
