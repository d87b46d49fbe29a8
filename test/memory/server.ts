// The process that gibibyte.test.ts starts, with two servers: isthmus, with each way to receive or send a gibibyte, and a
// bare node:http for comparison.

import { openSync, readFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import {
  events,
  iterable,
  mount,
  serve,
  sync,
  threadedMiddleware,
  threads,
} from '../../src/index.ts'
import { bareServer } from './bare-server.ts'
import type { EventApp } from '../../src/index.ts'

const BLOCK = 65_536
const BLOCKS = Number(process.env['TRANSFER_MIB'] ?? 1_024) * 16
const FILE = process.argv[2] ?? ''
const IN_THREADS = new URL('../fixtures/threads/behaviour-gibibyte.ts', import.meta.url)

const countEvents: EventApp = async (_scope, receive, send) => {
  let size = 0
  for await (const event of receive) {
    size += event.body?.length ?? 0
    if (!event.moreBody) break
  }
  await send({ type: 'http.response.start', status: 200 })
  await send({ type: 'http.response.body', body: String(size) })
}
const sendEvents: EventApp = async (_scope, _receive, send) => {
  await send({ type: 'http.response.start', status: 200 })
  for (let block = 0; block < BLOCKS; block += 1) {
    await send({ type: 'http.response.body', body: Buffer.alloc(BLOCK), moreBody: true })
  }
  await send({ type: 'http.response.body' })
}
const wrap = threadedMiddleware(IN_THREADS, { export: 'wrap', max: 1 })

const server = await serve(
  mount({
    '/upload/sync': sync((environ, startResponse) => {
      const input = environ['wsgi.input']
      let size = 0
      for (let block = input.read(BLOCK); block.length > 0; block = input.read(BLOCK)) {
        size += block.length
      }
      startResponse('200 OK', [])
      return [String(size)]
    }),
    '/upload/iterable': iterable(async (environ, startResponse) => {
      const input = environ['wsgi.input']
      let size = 0
      for (let block = await input.readAsync(BLOCK); block.length > 0;) {
        size += block.length
        block = await input.readAsync(BLOCK)
      }
      startResponse('200 OK', [])
      return [String(size)]
    }),
    '/upload/events': events(countEvents),
    '/upload/threads': threads(IN_THREADS, { export: 'upload', max: 1 }),
    '/upload/threaded-middleware': wrap(countEvents),
    '/download/sync': sync(function* (_environ, startResponse) {
      startResponse('200 OK', [])
      for (let block = 0; block < BLOCKS; block += 1) yield Buffer.alloc(BLOCK)
    }),
    '/download/iterable': iterable(async function* (_environ, startResponse) {
      startResponse('200 OK', [])
      for (let block = 0; block < BLOCKS; block += 1) yield Buffer.alloc(BLOCK)
    }),
    '/download/events': events(sendEvents),
    '/download/threads': threads(IN_THREADS, { export: 'download', max: 1 }),
    '/download/threaded-middleware': wrap(sendEvents),
    '/download/pathsend': events(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200 })
      await send({ type: 'http.response.pathsend', path: FILE })
    }),
    '/download/file-wrapper': sync((environ, startResponse) => {
      startResponse('200 OK', [])
      const wrapper = environ['wsgi.file_wrapper']
      return wrapper ? wrapper(openSync(FILE, 'r')) : []
    }),
  }),
  { port: 0, log: null },
)

const bare = await bareServer()

const delay = monitorEventLoopDelay({ resolution: 1 })
delay.enable()

// The answers to the parent: peak resident memory in bytes, or the longest delay of the event loop since the last
// question, in ms.
process.on('message', (question) => {
  if (question === 'peak') return process.send?.(peakBytes())
  process.send?.(delay.max / 1e6)
  return delay.reset()
})
process.on('disconnect', () => process.exit())
process.send?.([bare.address(), server.address])

// A process begins with the maxRSS of the parent that has forked it. Linux has the own peak of the process too.
function peakBytes(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1]) * 1024
}
