// The ends of connections that a proxy has told.

import type { Socket } from 'node:net'
import type { ToldEnds } from './header.ts'

const told = new WeakMap<object, ToldEnds>()

/** Remembers the ends that a proxy has told for `socket`. */
export function rememberEnds(socket: Socket, ends: ToldEnds): void {
  told.set(socket, ends)
}

/** Another socket has the connection of `from` now. */
export function passEnds(from: Socket, to: Socket): void {
  const ends = told.get(from)
  if (ends) told.set(to, ends)
}

/** The ends that a proxy has told for `socket`, or for the socket below its TLS. */
export function toldEndsOf(socket: object): ToldEnds | undefined {
  const { _parent: below } = socket as { _parent?: object | null }
  return told.get(below ?? socket)
}
