// The app of test/soak/workers.ts: short answers, uploads, streams of events and WebSockets, each with the process that serves.

export default async function app(scope, receive, send) {
  if (scope.type === 'websocket') return echo(receive, send)
  if (scope.type !== 'http') throw new Error('no lifespan')
  if (scope.path === '/events') return events(scope, send)
  let bytes = 0
  for (let more = true; more;) {
    const event = await receive()
    if (event.type === 'http.disconnect') return
    bytes += event.body?.byteLength ?? 0
    more = event.moreBody === true
  }
  await head(send, 'text/plain')
  await send({ type: 'http.response.body', body: `${process.pid} ${bytes}` })
}

async function events(scope, send) {
  const { signal } = scope['isthmus.exchange']
  await head(send, 'text/event-stream')
  const write = (text) =>
    send({ type: 'http.response.body', body: `data: ${text}\n\n`, moreBody: true })
  while (!signal.aborted) {
    await write(process.pid)
    await new Promise((resolve) => {
      setTimeout(resolve, 200)
    })
  }
  await write('bye')
  await send({ type: 'http.response.body', body: '' })
}

async function echo(receive, send) {
  await receive()
  await send({ type: 'websocket.accept' })
  await send({ type: 'websocket.send', text: String(process.pid) })
  for (let event = await receive(); event.type === 'websocket.receive'; event = await receive()) {
    await send({ type: 'websocket.send', text: event.text })
  }
}

async function head(send, type) {
  const headers = [['content-type', type]]
  await send({ type: 'http.response.start', status: 200, headers })
}
