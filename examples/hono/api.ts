// A Hono app: a JSON API, a stream, and server-sent events. It knows nothing of isthmus.

import { on } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { Hono } from 'hono'
import { stream, streamSSE } from 'hono/streaming'
import { addNote, news, notes } from './news.ts'
import type { Note } from './news.ts'

const PAUSE_MS = 50

/** The API of the notes. */
export const api: Hono = new Hono()

api.get('/', (c) =>
  c.html(
    '<h1>Notes</h1><p>See <a href="notes">all notes</a> and <a href="export">the export</a>.</p>',
  ),
)

api.get('/notes', (c) => c.json(notes))

api.post('/notes', async (c) => {
  const { text } = await c.req.json<{ text?: unknown }>().catch(() => ({ text: undefined }))
  if (typeof text !== 'string' || text === '') return c.json({ error: 'text is missing' }, 400)
  return c.json(addNote(text), 201)
})

api.get('/notes/:id', (c) => {
  const note = notes[Number(c.req.param('id')) - 1]
  return note ? c.json(note) : c.notFound()
})

// A line at a time: the client gets each one at once.
api.get('/export', (c) =>
  stream(c, async (output) => {
    for (const { id, text } of notes) {
      await output.writeln(`${id} ${text}`)
      await setTimeout(PAUSE_MS)
    }
  }),
)

// New notes, until the client leaves.
api.get('/events', (c) =>
  streamSSE(c, async (output) => {
    const left = new AbortController()
    output.onAbort(() => left.abort())
    await output.writeSSE({ event: 'open', data: String(notes.length) })
    try {
      for await (const [note] of on(news, 'note', { signal: left.signal })) {
        const { id } = note as Note
        await output.writeSSE({ event: 'note', id: String(id), data: JSON.stringify(note) })
      }
    } catch (error) {
      if (!left.signal.aborted) throw error
    }
  }),
)
