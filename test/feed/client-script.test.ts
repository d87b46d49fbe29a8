// The client for browsers as a file of the server.

import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { clientScript } from 'isthmus/channels'
import { testClient } from 'isthmus/testing'

it('clientScript() serves the module that the package exports', async () => {
  await using client = await testClient(clientScript())
  const response = await client.get('/')
  expect(response.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
  const source = readFileSync(new URL('../../src/client/follow.js', import.meta.url), 'utf8')
  expect(response.text()).toBe(source)
})

it('clientScript() sends nothing to a browser that has the same version', async () => {
  await using client = await testClient(clientScript())
  const etag = (await client.get('/')).headers.get('etag') ?? ''
  const again = await client.get('/', { headers: { 'if-none-match': etag } })
  expect(again.status).toBe(304)
  expect(again.text()).toBe('')
})
