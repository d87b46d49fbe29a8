// What is looked up instead of checked again is kept for ever: the piece, and not the string that it was cut from.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { environName } from '../src/bridge/scope-to-environ.ts'
import { checkedHeaders } from '../src/http/headers.ts'
import { announcedHead } from '../src/sync/response-head.ts'

const LONG = 512 * 1024
const COUNT = 40

it('keeps no long string alive for a piece of it', () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  const before = process.memoryUsage().heapUsed
  for (let index = 0; index < COUNT; index += 1) {
    checkedHeaders([[pieceOf(`x-own-field-${index}-`), pieceOf(`value ${index} `)]])
    announcedHead(pieceOf(`2${String(index).padStart(2, '0')} `), [])
    environName(pieceOf(`x-asked-field-${index}-`))
  }
  collect()
  expect(process.memoryUsage().heapUsed - before).toBeLessThan((COUNT * LONG) / 2)
})

// V8 makes a reference into the long string of it.
function pieceOf(beginning: string): string {
  return Buffer.from(beginning.padEnd(LONG, 'a')).toString('latin1').slice(0, 40)
}
