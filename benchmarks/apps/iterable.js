// The benchmarks' app, as an async-iterable app.

import { iterable } from 'isthmus'
import { CHUNK, CHUNKS, HELLO_BYTES, ITEMS } from '../servers/content.js'

const BLOCK = 65_536

export default iterable(async (environ, startResponse) => {
  switch (environ.PATH_INFO) {
    case '/':
      return answer(startResponse, 'text/plain', HELLO_BYTES)
    case '/json':
      return answer(startResponse, 'application/json', JSON.stringify(ITEMS))
    case '/echo':
      return answer(startResponse, 'text/plain', await environ['wsgi.input'].readAsync())
    case '/stream':
      startResponse('200 OK', [['Content-Type', 'text/plain']])
      return chunks()
    case '/upload':
      return answer(startResponse, 'text/plain', String(await count(environ['wsgi.input'])))
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

async function count(input) {
  let size = 0
  for (let block = await input.readAsync(BLOCK); block.length > 0;) {
    size += block.length
    block = await input.readAsync(BLOCK)
  }
  return size
}

async function* chunks() {
  for (let chunk = 0; chunk < CHUNKS; chunk += 1) yield CHUNK
}
