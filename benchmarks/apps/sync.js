// The benchmarks' app, as a sync app.

import { sync } from 'isthmus'
import { CHUNK, CHUNKS, HELLO_BYTES, ITEMS, MANY_CHUNKS, work } from '../servers/content.js'

const BLOCK = 65_536

export default sync((environ, startResponse) => {
  switch (environ.PATH_INFO) {
    case '/':
      return answer(startResponse, 'text/plain', HELLO_BYTES)
    case '/json':
      return answer(startResponse, 'application/json', JSON.stringify(ITEMS))
    case '/echo':
      return answer(startResponse, 'text/plain', environ['wsgi.input'].read())
    case '/stream':
      startResponse('200 OK', [['Content-Type', 'text/plain']])
      return chunks(CHUNKS)
    case '/eight-mib':
      startResponse('200 OK', [['Content-Type', 'text/plain']])
      return chunks(MANY_CHUNKS)
    case '/upload':
      return answer(startResponse, 'text/plain', String(count(environ['wsgi.input'])))
    case '/busy':
      work(environ.QUERY_STRING)
      return answer(startResponse, 'text/plain', HELLO_BYTES)
    default:
      startResponse('404 Not Found', [])
      return []
  }
})

function answer(startResponse, type, body) {
  startResponse('200 OK', [
    ['Content-Type', type],
    ['Content-Length', String(Buffer.byteLength(body))],
  ])
  return [body]
}

function count(input) {
  let size = 0
  for (let block = input.read(BLOCK); block.length > 0; block = input.read(BLOCK))
    size += block.length
  return size
}

function* chunks(count) {
  for (let chunk = 0; chunk < count; chunk += 1) yield CHUNK
}
