// The hello as an async generator, the way an async-iterable app streams.

import { iterable } from 'isthmus'
import { HELLO_BYTES } from '../servers/content.js'

export default iterable(async function* (_environ, startResponse) {
  startResponse('200 OK', [
    ['Content-Type', 'text/plain'],
    ['Content-Length', String(HELLO_BYTES.length)],
  ])
  yield HELLO_BYTES
})
