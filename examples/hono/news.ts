// The notes of the example, and the listeners for new ones.

import { EventEmitter } from 'node:events'

/** A note. */
export interface Note {
  id: number
  text: string
}

/** All notes, in the order of their numbers. */
export const notes: Note[] = []

/** Emits `note` with each new {@link Note}. */
export const news: EventEmitter = new EventEmitter().setMaxListeners(0)

/** Adds a note, and tells the listeners. */
export function addNote(text: string): Note {
  const note = { id: notes.length + 1, text }
  notes.push(note)
  news.emit('note', note)
  return note
}
