// The benchmarks' app, as an event app.

import { events } from 'isthmus'
import { CHUNK, CHUNKS, HELLO_BYTES, ITEMS, work } from '../servers/content.js'

export default events(async (scope, receive, send) => {
  switch (scope.type) {
    case 'http':
      return respond(scope, receive, send)
    case 'websocket':
      return echo(receive, send)
    case 'lifespan':
      return
  }
})

async function respond(scope, receive, send) {
  switch (scope.path) {
    case '/':
      return answer(send, 'text/plain', HELLO_BYTES)
    case '/json':
      return answer(send, 'application/json', JSON.stringify(ITEMS))
    case '/echo':
      return answer(send, 'text/plain', Buffer.concat(await collect(receive)))
    case '/stream':
      return stream(send)
    case '/upload':
      return answer(send, 'text/plain', String(await count(receive)))
    case '/busy':
      work(scope.queryString)
      return answer(send, 'text/plain', HELLO_BYTES)
    default:
      await send({ type: 'http.response.start', status: 404 })
      return send({ type: 'http.response.body' })
  }
}

async function answer(send, type, body) {
  const headers = [
    ['content-type', type],
    ['content-length', String(Buffer.byteLength(body))],
  ]
  await send({ type: 'http.response.start', status: 200, headers })
  await send({ type: 'http.response.body', body })
}

async function collect(receive) {
  const chunks = []
  for (;;) {
    const { body, moreBody } = await receive()
    if (body) chunks.push(body)
    if (!moreBody) return chunks
  }
}

async function count(receive) {
  let size = 0
  for (;;) {
    const { body, moreBody } = await receive()
    size += body?.length ?? 0
    if (!moreBody) return size
  }
}

async function stream(send) {
  await send({
    type: 'http.response.start',
    status: 200,
    headers: [['content-type', 'text/plain']],
  })
  for (let chunk = 0; chunk < CHUNKS; chunk += 1) {
    await send({ type: 'http.response.body', body: CHUNK, moreBody: true })
  }
  await send({ type: 'http.response.body' })
}

async function echo(receive, send) {
  await receive()
  await send({ type: 'websocket.accept' })
  for await (const event of receive) {
    if (event.type === 'websocket.disconnect') return
    const { text, bytes } = event
    await send(
      text === undefined ? { type: 'websocket.send', bytes } : { type: 'websocket.send', text },
    )
  }
}
