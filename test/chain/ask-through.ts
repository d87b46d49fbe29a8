// One request through one middleware: the response for the client, and the scope that the app got.

import { events } from '../../src/bridge/style.ts'
import { testClient } from '../../src/testing/test-client.ts'
import type { HttpScope } from '../../src/contract/events.ts'
import type { Wrap } from '../../src/chain/wrap.ts'
import type { TestClientOptions } from '../../src/testing/test-client.ts'
import type { TestRequest } from '../../src/testing/request.ts'
import type { TestResponse } from '../../src/testing/test-response.ts'

/** A request, and the client that it comes from. */
export interface Asked extends TestRequest {
  target?: string
  options?: TestClientOptions
}

/** The response, and the scope that reached the app; null if the app was not called. */
export interface Through {
  response: TestResponse
  seen: HttpScope | null
}

/** Sends a request to an app that answers `ok`, with `wrap` around it. */
export async function askThrough(wrap: Wrap, asked: Asked = {}): Promise<Through> {
  const { target = '/', options = {}, ...request } = asked
  let seen: HttpScope | null = null
  const app = events(async (scope, _receive, send) => {
    if (scope.type !== 'http') throw new Error('only HTTP is served')
    seen = scope
    await send({ type: 'http.response.start', status: 200 })
    await send({ type: 'http.response.body', body: 'ok' })
  })
  await using client = await testClient(wrap(app), { lifespan: 'off', ...options })
  const response = await client.get(target, request)
  return { response, seen }
}

/** The value that the app saw of the field `name`. */
export function fieldOf({ seen }: Through, name: string): string | undefined {
  return seen?.headers.find(([own]) => own === name)?.[1]
}
