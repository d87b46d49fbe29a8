// Checked names and values are kept for ever in tables. A table must keep the piece only, not the long string around it.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { environName } from '../src/bridge/scope-to-environ.ts'
import { checkedHeaders } from '../src/http/headers.ts'
import { announcedHead } from '../src/sync/response-head.ts'

const LONG = 512 * 1024
const COUNT = 40

it('keeps no long string alive for one of its pieces', () => {
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

// V8 represents the piece as a reference into the long string.
function pieceOf(beginning: string): string {
  return Buffer.from(beginning.padEnd(LONG, 'a')).toString('latin1').slice(0, 40)
}
