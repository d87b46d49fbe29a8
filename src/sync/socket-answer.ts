// The answer to a handshake by the WebSocket of its environ, which takes the place of a head and a body.

import type { Environ } from '../contract/environ.ts'

/** Whether the app has accepted or closed the WebSocket of `environ`. A socket that its client has left counts too. */
export function hasAnsweredBySocket(environ: Pick<Environ, 'wsgi.websocket'>): boolean {
  const socket = environ['wsgi.websocket']
  return socket !== undefined && socket.state !== 'connecting'
}
