// A hello as an event app, which also says in which process it runs.

import { events } from 'isthmus'
import { compute, HELLO_BYTES } from '../servers/content.js'

export default events(async (scope, receive, send) => {
  if (scope.type !== 'http') throw new Error(`only HTTP is served, not ${scope.type}`)
  const body = scope.path === '/pid' ? String(process.pid) : HELLO_BYTES
  const value = scope.path === '/compute' ? [['x-value', String(compute())]] : []
  await send({
    type: 'http.response.start',
    status: 200,
    headers: [['content-type', 'text/plain'], ['content-length', String(body.length)], ...value],
  })
  await send({ type: 'http.response.body', body })
})
