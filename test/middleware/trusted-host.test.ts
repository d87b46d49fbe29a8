// Which hosts trustedHost() serves, and which it refuses.

import { describe, expect, it } from 'vitest'
import { trustedHost } from '../../src/middleware/trusted-host.ts'
import { Host, httpScope } from '../bridge/host.ts'
import { events } from '../../src/bridge/style.ts'
import { askThrough } from '../chain/ask-through.ts'

/** The status of the answer to a request for `host`. */
async function statusFor(host: string, hosts: readonly string[]): Promise<number> {
  const { response, seen } = await askThrough(trustedHost({ hosts }), { headers: { host } })
  expect(seen !== null).toBe(response.status === 200)
  return response.status
}

describe('trustedHost()', () => {
  it.each([
    ['example.com', ['example.com'], 200],
    ['EXAMPLE.COM.:1234', ['example.com'], 200],
    ['example.com', ['Example.Com.'], 200],
    ['example.com.evil.test', ['example.com'], 421],
    ['evilexample.com', ['example.com', '*.example.com'], 421],
    ['a.example.com', ['*.example.com'], 200],
    ['a.b.example.com.', ['*.example.com'], 200],
    ['example.com', ['*.example.com'], 421],
    ['example.com:8443', ['example.com:8443'], 200],
    ['example.com', ['example.com:8443'], 421],
    ['a.example.com:8443', ['*.example.com:8443'], 200],
    ['a.example.com:8444', ['*.example.com:8443'], 421],
    ['[::1]:8000', ['[::1]'], 200],
    ['[::2]', ['[::1]'], 421],
    ['127.0.0.1', ['localhost', '127.0.0.1'], 200],
    ["a'b", ['example.com'], 400],
    ['a,example.com', ['example.com'], 400],
  ])('for %s, of %j, answers %i', async (host, hosts, status) => {
    expect(await statusFor(host, hosts)).toBe(status)
  })

  it('answers 400 without a Host', async () => {
    const host = new Host()
    const app = events(() => expect.unreachable())
    await host.run(trustedHost({ hosts: ['example.com'] })(app), httpScope({ headers: [] }))
    expect(host.sent[0]).toMatchObject({ type: 'http.response.start', status: 400 })
  })

  it('answers 400 with two Hosts', async () => {
    const host = new Host()
    const app = events(() => expect.unreachable())
    const headers: Array<[string, string]> = [
      ['host', 'example.com'],
      ['host', 'example.com'],
    ]
    await host.run(trustedHost({ hosts: ['example.com'] })(app), httpScope({ headers }))
    expect(host.sent[0]).toMatchObject({ status: 400 })
  })

  it.each([
    [{}, 'option "hosts" cannot be []: it is a list of hosts, such as [\'example.com\']'],
    [
      { hosts: 'example.com' },
      "option \"hosts\" cannot be 'example.com': it is a list of hosts, such as ['example.com']",
    ],
    [
      { hosts: ['*'] },
      'option "hosts" cannot be \'*\': a host is a name, with an optional port and an optional *. before it',
    ],
    [
      { hosts: ['a.*.b'] },
      'option "hosts" cannot be \'a.*.b\': a host is a name, with an optional port and an optional *. before it',
    ],
    [
      { hosts: ['https://a'] },
      'option "hosts" cannot be \'https://a\': a host is a name, with an optional port and an optional *. before it',
    ],
    [{ allowed: [] }, 'unknown option "allowed"; the options are hosts'],
  ])('refuses %j when it is made', (options, message) => {
    expect(() => trustedHost(options as never)).toThrow(
      expect.objectContaining({
        code: 'ISTHMUS_INVALID_OPTION',
        message: `trustedHost(): ${message}`,
      }),
    )
  })
})
