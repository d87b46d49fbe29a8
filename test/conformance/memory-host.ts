// The host that is the engine of isthmus/testing.

import { ResponseCutError } from '../../src/testing/faults.ts'
import { testClient } from '../../src/testing/test-client.ts'
import { dateless } from './host.ts'
import type { HeaderPairs, HostedApp } from 'isthmus'
import type { TestRequest } from '../../src/testing/request.ts'
import type { TestResponse } from '../../src/testing/test-response.ts'
import type { Answer, Host, Request } from './host.ts'

/** Starts `app` without sockets. */
export async function memoryHost(app: HostedApp): Promise<Host> {
  // Threads that start beside other tests can take more than the default of 5 s.
  const client = await testClient(app, { raiseAppErrors: false, deadlineMs: 14_000 })
  return {
    async ask(request = {}) {
      const { method, target, init } = parts(request)
      return client.request(method, target, init).then(answerOf, cutOf)
    },
    async open(request = {}) {
      const { method, target, init } = parts(request)
      const response = await client.stream(method, target, init)
      return {
        read: async () => Buffer.from((await response.read()) ?? []).toString('latin1'),
        leave: () => response.cancel(),
      }
    },
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  }
}

function parts({ method = 'GET', target = '/', headers = [], body }: Request): {
  method: string
  target: string
  init: TestRequest
} {
  const all: HeaderPairs = [['host', 'example.test'], ...headers]
  if (body === undefined) return { method, target, init: { headers: all } }
  const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : body
  return { method, target, init: { headers: all, body: bytes } }
}

function answerOf({ status, headers, body }: TestResponse): Answer {
  return {
    status,
    headers: dateless(headers.list),
    body: Buffer.from(body).toString('latin1'),
  }
}

function cutOf(error: unknown): Answer {
  if (!(error instanceof ResponseCutError) || !error.head) throw error
  return { status: error.head.status, headers: dateless(error.head.headers), body: null }
}
