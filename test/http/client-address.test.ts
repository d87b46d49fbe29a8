// The address of a client in a line of the log.

import { expect, it } from 'vitest'
import { clientAddress } from '../../src/http/client-address.ts'

it.each([
  ['127.0.0.1', 5000, '127.0.0.1:5000'],
  ['::1', 5000, '[::1]:5000'],
  ['127.0.0.1', 0, '127.0.0.1'],
  ['2001:db8::1', 0, '2001:db8::1'],
])('the client %s with the port %s is %s', (host, port, text) => {
  expect(clientAddress(host, port)).toBe(text)
})
