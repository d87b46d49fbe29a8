// The answers of all servers here, so that no row sends more or less than another.

export const HELLO = 'Hello, world\n'

/** The same as bytes: apps of isthmus mostly send bytes. */
export const HELLO_BYTES = Buffer.from(HELLO)

/** Serialised again for every request: 10,240 bytes of JSON. */
export const ITEMS = itemsOf(10_240)

/** A response of 1 MiB is 64 of these. */
export const CHUNK = Buffer.alloc(16_384, 'x')
export const CHUNKS = 64
/** A response of 8 MiB, for slow readers. */
export const MANY_CHUNKS = 512

/** Keeps the thread busy by the clock, so that each language works equally long. */
export function work(queryString) {
  const until = performance.now() + Number(/ms=(\d+)/.exec(queryString)?.[1] ?? 0)
  while (performance.now() < until);
}

/** The same computation each time, of some tenths of a millisecond. */
export function compute() {
  let value = 1
  for (let step = 0; step < 400_000; step += 1) value = (Math.imul(value, 48_271) + step) | 0
  return value
}

function itemsOf(bytes) {
  const items = Array.from({ length: 100 }, (_, id) => ({
    id,
    name: `item ${id}`,
    price: id * 7,
    tags: ['a', 'b'],
  }))
  const value = { items, filler: '' }
  value.filler = 'x'.repeat(bytes - JSON.stringify(value).length)
  return value
}
