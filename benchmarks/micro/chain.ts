// The cost of middleware: one request through layers that pass it on, against the same request without them. In process,
// without a server, and with the built package, because a loader gives names to functions at a price: `npm run bench:micro --
// chain`. The first layer pays the fixed cost of a chain.

import { Bench } from 'tinybench'
import { chain, events, sync } from 'isthmus'
import { middleware } from 'isthmus/middleware'
import { TAKEN } from '../../dist/waiting/taken.js'
import type { Environ, EventApp, HttpScope, Receive, SyncApp } from 'isthmus'

const ROUNDS = 5
const LAYERS = [0, 1, 5, 10]

const hello = events(async (_scope, _receive, send) => {
  await send({
    type: 'http.response.start',
    status: 200,
    headers: [
      ['content-type', 'text/plain'],
      ['content-length', '5'],
    ],
  })
  await send({ type: 'http.response.body', body: 'hello' })
})

const syncHello = sync((_environ, startResponse) => {
  startResponse('200 OK', [
    ['Content-Type', 'text/plain'],
    ['Content-Length', '5'],
  ])
  return ['hello']
})

const pass = middleware('pass', function* (request, next) {
  return yield* next(request)
})

/** The usual way to write the same for event apps alone: a function around a function. */
const handWritten = (app: EventApp): EventApp =>
  events((scope, receive, send) => app(scope, receive, (event) => send(event)))

const scope = {
  type: 'http',
  method: 'GET',
  path: '/',
  headers: [],
  state: {},
} as unknown as HttpScope
const receive = (() => TAKEN) as unknown as Receive
const send = (): Promise<void> => TAKEN

const environ = { REQUEST_METHOD: 'GET', SCRIPT_NAME: '', PATH_INFO: '/' } as Environ
const startResponse = () => () => undefined

function runSync(app: SyncApp): number {
  let count = 0
  for (const chunk of app(environ, startResponse)) count += chunk.length
  return count
}

function addTasks(bench: Bench): void {
  for (const count of LAYERS) {
    const wrap = chain(...Array.from({ length: count }, () => pass))
    const [eventApp, syncApp] = [wrap(hello), wrap(syncHello)]
    bench.add(`events ${count}`, () => eventApp(scope, receive, send))
    bench.add(`sync ${count}`, () => void runSync(syncApp))
  }
  const byHand = Array.from({ length: 5 }).reduce<EventApp>((app) => handWritten(app), hello)
  bench.add('events by hand 5', () => byHand(scope, receive, send))
}

/** The median of each task, in ns: the tasks take turns in each round. */
async function measure(): Promise<Map<string, number>> {
  const medians = new Map<string, number[]>()
  for (let round = 0; round < ROUNDS; round += 1) {
    const bench = new Bench({ time: 300, warmupTime: 100 })
    addTasks(bench)
    for (const { name, result } of await bench.run().then((tasks) => tasks)) {
      if (result.state !== 'completed') throw new Error(`${name} did not complete`)
      medians.set(name, [...(medians.get(name) ?? []), result.latency.p50 * 1e6])
    }
  }
  return new Map([...medians].map(([name, values]) => [name, median(values)]))
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

const results = await measure()
for (const [name, ns] of results) process.stdout.write(`${name.padEnd(18)} ${Math.round(ns)} ns\n`)
for (const style of ['events', 'sync']) {
  const [none = NaN, one = NaN, five = NaN] = [0, 1, 5].map((count) =>
    results.get(`${style} ${count}`),
  )
  const [first, each] = [Math.round(one - none), Math.round((five - one) / 4)]
  process.stdout.write(
    `around ${style}: ${first} ns for the first layer, ${each} ns for each other one\n`,
  )
}
