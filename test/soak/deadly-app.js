// A sync app that ends its thread; the path selects the way. Now and then it does not load.

import { threadId } from 'node:worker_threads'

if (threadId % 10 === 9) throw new Error('no such table: tickets')

export default function deadlyApp(environ, startResponse) {
  DEEDS[environ.PATH_INFO.slice(1)]?.()
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  return ['alive']
}

const DEEDS = {
  exit: () => process.exit(3),
  loop: () => {
    for (;;);
  },
  heap: () => {
    const hoard = []
    for (;;) hoard.push(Array(1_000_000).fill(hoard.length))
  },
  reject: () => void Promise.reject(new Error('nobody caught this')),
  timer: () =>
    void setTimeout(() => {
      throw new Error('a timer threw')
    }, 5),
}
