import { describe, expect, it } from 'vitest'
import { ask, hosted, pooled } from './behaviour-host.ts'

describe("[3a.69] 'isthmus.signal' in a thread", () => {
  it('is aborted when the server shuts down, and the app may end as it should', async () => {
    await using server = await hosted(pooled('signal', 'watching'), { graceMs: 8_000 })
    using client = await server.connect()
    client.send('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
    await client.head()
    expect(await client.chunk()).toBe('watching')
    const closed = server.server.close()
    expect(await client.chunk()).toBe('ServerShutdownError told true')
    expect(await client.chunk()).toBeNull()
    expect(await closed).toEqual({ forced: false })
  })

  it('is not aborted by the end of the body', async () => {
    await using server = await hosted(pooled('signal', 'unaborted'))
    expect(await ask(server, { method: 'POST', body: 'hello' })).toBe('xfalse undefined')
  })
})
