// A sync app that answers by its request, slowly or in pieces, or ends its thread; the query says how.

import { answerTo } from './hostile-answer.js'

const clock = new Int32Array(new SharedArrayBuffer(4))
const PIECE = 4_096

export default function hostileApp(environ, startResponse) {
  const query = new URLSearchParams(environ.QUERY_STRING)
  DEEDS[query.get('deed') ?? '']?.()
  const body = environ['wsgi.input'].read()
  Atomics.wait(clock, 0, 0, Number(query.get('sleep') ?? 0))
  const text = answerTo(query.get('token') ?? '', body, Number(query.get('size') ?? 100))
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  return query.has('pieces') ? pieces(text) : [text]
}

function* pieces(text) {
  for (let at = 0; at < text.length; at += PIECE) yield text.slice(at, at + PIECE)
}

const DEEDS = {
  throw: () => {
    throw new RangeError('out of tickets')
  },
  exit: () => process.exit(3),
  loop: () => {
    for (;;);
  },
  heap: () => {
    const hoard = []
    for (;;) hoard.push(Array(1_000_000).fill(hoard.length))
  },
  reject: () => void Promise.reject(new Error('no handler takes this')),
  post: () =>
    void import('node:worker_threads').then(({ parentPort }) => parentPort?.postMessage(null)),
}
