// A test of an app, without a socket and with the test runner of Node. `lint` fails it if the app breaks its contract.
//
//   node --import tsx --test examples/testing.ts

import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import { lint, testClient } from 'isthmus/testing'
import app from './hello-sync.ts'

await test('the app greets the path', async () => {
  await using client = await testClient(lint(app))
  const response = await client.get('/world')
  equal(response.status, 200)
  equal(response.text(), 'Hello, /world\n')
})
