// A sync app that fills the memory of its thread, in the way that its path names.

export const WAYS = {
  'array of arrays': () => grow((hoard) => hoard.push(Array.from({ length: 100_000 }, () => 7))),
  'array of objects': () => grow((hoard) => hoard.push({ at: hoard.length })),
  'array of closures': () => grow((hoard) => hoard.push(() => hoard.length)),
  map: () => {
    const map = new Map()
    for (;;) map.set(map.size, String(map.size))
  },
  'long texts': () =>
    grow((hoard) => hoard.push(`${hoard.length}`.repeat(1_000_000).toUpperCase())),
  'joined texts': () => grow((hoard) => hoard.push(Array(100_000).fill('text').join(','))),
  'one array, filled': () => Array(400_000_000).fill(0),
  'one large literal': () => JSON.parse(`[${'{"a":1},'.repeat(10_000_000)}0]`),
  'split text': () => grow((hoard) => hoard.push('a,'.repeat(2_000_000).split(','))),
  spread: () => grow((hoard) => hoard.push([...Array(1_000_000).keys()])),
  buffers: () => grow((hoard) => hoard.push(Buffer.alloc(16 * 1024 * 1024)), 64),
}

export default function heapApp(environ, startResponse) {
  WAYS[decodeURIComponent(environ.PATH_INFO.slice(1))]?.()
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  return ['alive']
}

function grow(add, most = Infinity) {
  const hoard = []
  while (hoard.length < most) add(hoard)
}
