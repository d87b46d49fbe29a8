import { mount } from 'isthmus'
import { expect, describe, it } from 'vitest'
import { answer, httpApp } from '../raw/served.ts'
import { ask, hosted, pooled } from './behaviour-host.ts'
import type { EventApp } from 'isthmus'

const streaming = (name: string): EventApp => pooled('streaming', name, { buffering: false })

const POST = 'POST / HTTP/1.1\r\nhost: x\r\n'
const CHUNKED = `${POST}transfer-encoding: chunked\r\n\r\n`

describe('the request body in a thread', () => {
  it('[3a.22] [3a.29] [3c.7] a read waits for bytes that have not arrived yet', async () => {
    await using server = await hosted(streaming('lines'))
    using client = await server.connect()
    client.send(CHUNKED)
    client.send('2\r\na\n\r\n')
    await client.head()
    expect(await client.chunk()).toBe('a\n')
    client.send('1\r\nb\r\n')
    client.send('2\r\nc\n\r\n')
    expect(await client.chunk()).toBe('bc\n')
    client.send('0\r\n\r\n')
    expect(await client.chunk()).toBeNull()
  })

  it('[3a.27] 100 Continue is sent when the app first reads, and not before', async () => {
    await using server = await hosted(streaming('lines'))
    using first = await server.connect()
    first.send(CHUNKED)
    first.send('2\r\na\n\r\n')
    await first.head()
    expect(await first.chunk()).toBe('a\n')

    using second = await server.connect()
    second.send(`${POST}content-length: 2\r\nexpect: 100-continue\r\n\r\n`)
    first.send('2\r\nb\n\r\n')
    expect(await first.chunk()).toBe('b\n')
    expect(second.received).toBe(0)

    first.send('0\r\n\r\n')
    expect(await second.bytes(25)).toBe('HTTP/1.1 100 Continue\r\n\r\n')
    second.send('c\n')
    await second.head()
    expect(await second.chunk()).toBe('c\n')
  })

  it('[3a.27] [3b.19] no 100 Continue when the app never reads, and the connection ends', async () => {
    await using server = await hosted(streaming('blind'))
    using client = await server.connect()
    client.send(`${POST}content-length: 3\r\nexpect: 100-continue\r\n\r\n`)
    const text = await client.rest()
    expect(text).toMatch(/^HTTP\/1.1 200 OK\r\n/)
    expect(text).toContain('connection: close')
  })

  it('[3c.7] arrives whole for any size of the reads', async () => {
    await using server = await hosted(streaming('size'))
    const body = 'x'.repeat(300_000)
    const sizes = await Promise.all(
      ['1000', '65536', '1000000'].map((target) =>
        ask(server, { method: 'POST', target: `/?${target}`, body }),
      ),
    )
    expect(sizes).toEqual(['300000', '300000', '300000'])
  })

  it('[3c.7] arrives whole in a thousand chunks', async () => {
    await using server = await hosted(streaming('size'))
    const body = Array.from({ length: 1_000 }, () => 'x'.repeat(997))
    expect(await ask(server, { method: 'POST', target: '/?4096', body })).toBe('997000')
  })
})

describe('the response of a thread', () => {
  it('[3a.44] [3c.8] [3c.16] each chunk leaves before the app makes the next one', async () => {
    await using server = await hosted(streaming('gated'))
    using client = await server.connect()
    client.send(CHUNKED)
    await client.head()
    expect(await client.chunk()).toBe('first')
    client.send('1\r\n\n\r\n')
    expect(await client.chunk()).toBe('second')
  })

  it('[3a.43] write() sends before it returns, and the app may reuse its buffer', async () => {
    await using server = await hosted(streaming('written'))
    using client = await server.connect()
    client.send(CHUNKED)
    await client.head()
    expect(await client.chunk()).toBe('first')
    client.send('1\r\n\n\r\n')
    expect(await client.chunk()).toBe('2nd  ')
  })

  it('[3c.8] a piece of a large block costs a piece', async () => {
    await using server = await hosted(streaming('pieces'))
    expect(await ask(server)).toBe('x'.repeat(1_000))
  })

  it('[3a.44] [3c.8] a client that does not read blocks the thread and not the event loop', async () => {
    const live = httpApp((_scope, _receive, send) => answer(send, 'live'))
    await using server = await hosted(mount({ '/live': live, '/': streaming('endless') }))
    using slow = await server.connect()
    slow.send('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
    await slow.head()
    slow.socket.pause()
    for (let round = 0; round < 20; round += 1) {
      expect(await ask(server, { target: '/live' })).toBe('live')
    }
    slow.reset()
  })
})
