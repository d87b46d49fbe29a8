// The sync app of the soak of channels: it publishes from its thread. The time of a message is that of all processes.

export default function publisher(environ, startResponse) {
  const n = Number(new URLSearchParams(environ.QUERY_STRING).get('n'))
  const at = performance.timeOrigin + performance.now()
  const isTaken = environ['isthmus.channels'].publish('board', { n, at })
  startResponse(isTaken ? '204 No Content' : '507 Insufficient Storage', [])
  return []
}
