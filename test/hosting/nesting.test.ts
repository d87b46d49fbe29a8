import { describe, expect, it } from 'vitest'
import { pool } from '../fixtures/threads/behaviour-called.ts'
import { ask, hosted } from './behaviour-host.ts'

const MIB = 1024 * 1024

describe('[3c.22] a call from a thread back into its pool of one', () => {
  it('runs in the slot that it holds, as deep as it goes', async () => {
    await using server = await hosted(pool)
    expect(await ask(server, { target: '/back/nothing' })).toBe('nothing')
    expect(await ask(server, { target: '/back/back/back/back/page?x' })).toBe('|/page|x')
  })

  it('leaves the slot to the next request', async () => {
    await using server = await hosted(pool)
    const targets = Array.from({ length: 10 }, (_, index) => `/back/back/n${index}`)
    const answers = await Promise.all(targets.map((target) => ask(server, { target })))
    expect(answers).toEqual(targets.map((target) => target.replace('/back/back/', '')))
  })

  it('reads the request body, which its caller passes on below it', async () => {
    await using server = await hosted(pool)
    const body = 'x'.repeat(300_000)
    const sized = (target: string): Promise<string> => ask(server, { method: 'POST', target, body })
    expect(await sized('/back/size')).toBe('300000')
    expect(await sized('/back/back/size')).toBe('300000')
    expect(await sized('/taking/back/size')).toBe('6')
  })

  it('[3c.7] waits for a body that has not come yet', async () => {
    await using server = await hosted(pool)
    using client = await server.connect()
    client.send('POST /back/echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n')
    client.send('1\r\na\r\n')
    client.send('1\r\nb\r\n')
    await client.sendApart('0\r\n\r\n')
    expect((await client.response()).body).toBe('ab')
  })

  it('[3c.8] answers far more than a window through its caller', async () => {
    await using server = await hosted(pool)
    expect((await ask(server, { target: '/back/mebibytes?8' })).length).toBe(8 * MIB)
  })

  it('[3c.8] answers without bound to a caller that takes it', async () => {
    await using server = await hosted(pool)
    expect(await ask(server, { target: '/taking/mebibytes?40' })).toBe(String(40 * MIB))
  })

  // The app that was called gets three seconds to end, and sixteen mebibytes take their time on a busy machine.
  it('[3c.14] would deadlock with more than that, and says so', { timeout: 60_000 }, async () => {
    await using server = await hosted(pool)
    using client = await server.connect(40_000)
    client.send('GET /back/mebibytes?40 HTTP/1.1\r\nhost: x\r\n\r\n')
    const text = await client.rest()
    expect(text).toMatch(/^HTTP\/1.1 200 OK/)
    expect(text.endsWith('0\r\n\r\n')).toBe(false)
    expect(server.lines.join()).toContain('answers more than 16 MiB through the very call')
    expect(await ask(server, { target: '/nothing' })).toBe('nothing')
  })

  it('[3c.11] ends with its client, and frees the slot', async () => {
    await using server = await hosted(pool)
    using client = await server.connect()
    client.send('POST /back/size HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n')
    client.send('expect: 100-continue\r\n\r\n')
    await client.bytes(25)
    client.send('half')
    client.reset()
    expect(await ask(server, { target: '/nothing' })).toBe('nothing')
  })
})
