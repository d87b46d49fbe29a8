import { describe, expect, it } from 'vitest'
import { websocket } from '../../../src/async/websocket-app.ts'
import { DEFAULTS } from '../../../src/server/options.ts'
import { resolveOptions } from '../../../src/server/resolve-options.ts'
import { SILENT_LOG } from '../../../src/silent-log.ts'
import { handshake, host, readUntil } from './host.ts'
import type { WebSocketOptions } from '../../../src/server/options.ts'

type Origins = WebSocketOptions['origins']

const app = websocket((socket) => socket.accept())

async function statusFor(
  origins: Origins,
  fields: Record<string, string | undefined>,
): Promise<number> {
  await using server = await host(app, { origins })
  const socket = server.raw()
  socket.write(handshake(fields))
  return Number((await readUntil(socket, '\r\n\r\n')).slice(9, 12))
}

describe('the option websocket.origins', () => {
  const LIST = ['https://a.example', 'null']
  const CASES: Array<[Origins, string | undefined, Record<string, string>, number]> = [
    ['*', 'https://evil.example', {}, 101],
    ['same', undefined, {}, 101],
    ['same', 'https://a.example', { Host: 'a.example' }, 101],
    ['same', 'https://a.example', { Host: 'A.example:443' }, 101],
    ['same', 'http://a.example:8000', { Host: 'a.example:8000' }, 101],
    ['same', 'http://[::1]:8000', { Host: '[::1]:8000' }, 101],
    ['same', 'https://a.example', { Host: 'a.example:8443' }, 403],
    ['same', 'https://evil.example', { Host: 'a.example' }, 403],
    ['same', 'https://a.example.evil.example', { Host: 'a.example' }, 403],
    ['same', 'https://a.example@evil.example', { Host: 'a.example' }, 403],
    ['same', 'null', { Host: 'null' }, 403],
    ['same', 'https://evil.example, https://a.example', { Host: 'a.example' }, 403],
    ['same', '', { Host: 'a.example' }, 403],
    [LIST, undefined, {}, 101],
    [LIST, 'https://a.example', {}, 101],
    [LIST, 'null', {}, 101],
    [LIST, 'http://a.example', {}, 403],
    [LIST, 'https://b.example', {}, 403],
    [[], 'https://a.example', {}, 403],
  ]
  it.each(CASES)('%j answers Origin %j with %j by %i', async (origins, Origin, fields, status) => {
    expect(await statusFor(origins, { Origin, ...fields })).toBe(status)
  })

  it('allows all origins by default', () => {
    expect(DEFAULTS.websocket.origins).toBe('*')
  })

  it.each(['all', 'https://a.example', ['https://a.example/'], ['a.example'], ['*'], [1], null])(
    'cannot be %j',
    (origins) => {
      const options = { websocket: { origins: origins as Origins } }
      expect(() => resolveOptions(options, SILENT_LOG)).toThrow('"websocket.origins" cannot be')
    },
  )
})
