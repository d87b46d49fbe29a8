// The example with a Hono app: JSON, a stream, server-sent events, and the WebSocket beside them.

import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { serve } from 'isthmus'
import { WebSocket } from 'ws'
import app from '../../examples/hono/app.ts'
import type { Server } from 'isthmus'

const DEADLINE_MS = 30_000
const decoder = new TextDecoder()

let server: Server

// Each test has a server of its own; the notes belong to the process.
beforeEach(async () => {
  server = await serve(app, { port: 0, log: null, graceMs: 2_000 })
})
afterEach(() => server.close())

describe('the Hono example', { timeout: DEADLINE_MS }, () => {
  it('has a JSON API', async () => {
    const added = await post({ text: 'buy milk' })
    expect(added.status).toBe(201)
    const note = (await added.json()) as { id: number }
    expect(note).toEqual({ id: expect.any(Number), text: 'buy milk' })
    expect(await (await get(`/notes/${note.id}`)).json()).toEqual(note)
    expect(await (await get('/notes')).json()).toContainEqual(note)

    expect((await get('/notes/0')).status).toBe(404)
    expect((await post({ note: 'wrong' })).status).toBe(400)
    expect((await get('/')).headers.get('content-type')).toMatch('text/html')
  })

  it('streams a line at a time', async () => {
    await post({ text: 'first' })
    await post({ text: 'second' })
    const response = await get('/export')
    expect(response.headers.get('content-length')).toBe(null)
    expect(await response.text()).toMatch(/^\d+ first\n\d+ second\n/m)
  })

  it('sends new notes of the API and of the WebSocket as events, and to the WebSocket', async () => {
    const left = new AbortController()
    const response = await get('/events', left.signal)
    const events = response.body!.getReader()
    expect(decoder.decode((await events.read()).value)).toMatch(/^event: open\ndata: \d+\n/)

    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/live`)
    await once(socket, 'open')
    const messages: unknown[] = []
    const bothCame = new Promise<void>((resolve) => {
      socket.on('message', (data: Buffer) => {
        messages.push((JSON.parse(data.toString()) as { text: string }).text)
        if (messages.length === 2) resolve()
      })
    })
    socket.send('by WebSocket')
    expect(await eventWith('by WebSocket', events)).toMatch(/^event: note\n/m)
    await post({ text: 'by POST' })
    expect(await eventWith('by POST', events)).toMatch(/^id: \d+\n/m)
    await bothCame
    expect(messages).toEqual(['by WebSocket', 'by POST'])

    left.abort()
    socket.close()
    await once(socket, 'close')
    // The events have ended with their client, so nothing holds the server.
    expect(await server.close()).toEqual({ forced: false })
  })
})

async function get(path: string, signal = AbortSignal.timeout(DEADLINE_MS)): Promise<Response> {
  return fetch(`${server.url}${path}`, { signal })
}

async function post(body: object): Promise<Response> {
  return fetch(`${server.url}/notes`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(DEADLINE_MS),
  })
}

async function eventWith(text: string, events: { read(): Promise<{ value?: Uint8Array }> }) {
  let read = ''
  while (!read.includes(text)) read += decoder.decode((await events.read()).value)
  return read
}
