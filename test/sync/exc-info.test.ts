// startResponse keeps no reference to its error argument.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { ResponseState } from '../../src/sync/start-response.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

function replaceHead(response: ResponseState): WeakRef<Error> {
  const error = new Error('the report failed')
  response.startResponse('500 Oops', [], error)
  return new WeakRef(error)
}

describe('startResponse with an error', () => {
  it('[3a.38] keeps no reference to it', async () => {
    const response = new ResponseState('GET', { warn: () => undefined })
    response.startResponse('200 OK', [])
    const error = replaceHead(response)
    // A WeakRef keeps its target alive until the end of the turn that made it.
    await new Promise((resolve) => setImmediate(resolve))
    collectGarbage()
    expect(error.deref()).toBeUndefined()
    expect(response.head?.status).toBe(500)
  })
})
