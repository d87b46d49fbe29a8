// A client of an app inside accessLog(), and the lines that the middleware logs.

import { accessLog } from '../../src/middleware/access-log.ts'
import { testClient } from '../../src/testing/test-client.ts'
import { recordingLog } from '../bridge/host.ts'
import type { EventApp } from '../../src/contract/events.ts'
import type { TestClient } from '../../src/testing/client.ts'
import type { TestClientOptions } from '../../src/testing/test-client.ts'

/** A client, and the lines that its requests cause. The caller disposes of the client. */
export interface Logged extends AsyncDisposable {
  client: TestClient
  /** The sentences of the lines. */
  lines: string[]
  /** The fields of the lines, in the same order. */
  fields: Array<Record<string, unknown>>
}

/** Opens a client of `accessLog()(app)`. */
export async function logged(app: EventApp, options: TestClientOptions = {}): Promise<Logged> {
  const log = recordingLog()
  const client = await testClient(accessLog({ log })(app), {
    lifespan: 'off',
    raiseAppErrors: false,
    ...options,
  })
  return {
    client,
    lines: log.lines,
    fields: log.fields,
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  }
}
