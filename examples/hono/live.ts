// A WebSocket beside the API: each message is a new note, and each note is sent to the client.

import { websocket } from 'isthmus'
import { addNote, news } from './news.ts'
import type { EventApp } from 'isthmus'
import type { Note } from './news.ts'

/** Sends `{ id, text }` for each note. */
export const live: EventApp = websocket(async (socket) => {
  await socket.accept()
  const show = (note: Note): void => {
    // The loop below ends if the client has left.
    socket.send(JSON.stringify(note)).catch(() => undefined)
  }
  news.on('note', show)
  try {
    for await (const message of socket) addNote(String(message))
  } finally {
    news.off('note', show)
  }
})
