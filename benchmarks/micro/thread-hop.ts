// The cost of a request that goes to a thread and back, one at a time and many in one turn of the event loop; and the cost
// of an empty message.

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { Bench } from 'tinybench'
import { testClient } from 'isthmus/testing'
import { threads } from 'isthmus'
import { nanosecondsOf } from './nanoseconds.ts'

const TOGETHER = 32
const ECHO = `
const { parentPort } = require('node:worker_threads')
parentPort.on('message', (message) => parentPort.postMessage(message))
`

const worker = new Worker(ECHO, { eval: true })
await using client = await testClient(
  threads(new URL('../apps/sync.js', import.meta.url), { max: 1 }),
)

const one = new Bench({ time: 500, warmupTime: 300 })
one.add('postMessage there and back', async () => {
  worker.postMessage('x')
  await once(worker, 'message')
})
one.add('a request to a sync app in a thread', () => client.get('/'))
await one.run()

const many = new Bench({ time: 500, warmupTime: 300 })
many.add(`the same, ${TOGETHER} in one turn`, () =>
  Promise.all(Array.from({ length: TOGETHER }, () => client.get('/'))),
)
await many.run()
await worker.terminate()

console.log('nanoseconds each; a request here includes the test client')
console.table([...nanosecondsOf(one), ...nanosecondsOf(many, TOGETHER)])
