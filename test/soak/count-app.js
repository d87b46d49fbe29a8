// An app that answers with the size of the body: a lost byte shows.

export default async function app(scope, receive, send) {
  if (scope.type !== 'http') throw new Error(`this app has no ${scope.type}`)
  let size = 0
  for (let isMore = true; isMore;) {
    const event = await receive()
    if (event.type !== 'http.request') return
    size += event.body?.length ?? 0
    isMore = event.moreBody === true
  }
  const body = Buffer.from(String(size))
  const headers = [
    ['content-type', 'text/plain'],
    ['content-length', String(body.length)],
  ]
  await send({ type: 'http.response.start', status: 200, headers })
  await send({ type: 'http.response.body', body })
}
