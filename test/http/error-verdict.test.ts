// The log about an error that escaped an app: a fault of the client is one line without a stack.

import { describe, expect, it } from 'vitest'
import { websocket } from '../../src/async/websocket-app.ts'
import { chain } from '../../src/chain/chain.ts'
import { BadRequestError, PoolFullError, UnsupportedScopeError } from '../../src/errors.ts'
import { errorPage } from '../../src/middleware/error-page.ts'
import { testClient } from '../../src/testing/test-client.ts'
import { recordingLog } from '../bridge/host.ts'
import type { EventApp } from '../../src/contract/events.ts'

const UNSUPPORTED = 'UnsupportedScopeError: this app does not serve scopes of type'

const throwing =
  (error: unknown): EventApp =>
  async (_scope, _receive, _send) => {
    throw error
  }

/** The lines of the log after a GET or a WebSocket, each with whether it has an error. */
async function lines(app: EventApp, kind: 'get' | 'websocket' = 'get'): Promise<unknown[]> {
  const log = recordingLog()
  await using client = await testClient(app, { lifespan: 'off', log })
  const asked: Promise<unknown> = kind === 'get' ? client.get('/') : client.websocket('/')
  await asked.catch(() => undefined)
  return log.lines.map((line, at) => [line, 'err' in (log.fields[at] ?? {})])
}

describe('the log about an error of an app', () => {
  it('has one line at info, without a stack, for a GET to an app that serves WebSockets alone', async () => {
    const line = [`info: ${UNSUPPORTED} "http"`, false]
    const app = websocket(async (_socket) => undefined)
    expect(await lines(app)).toEqual([line])
    expect(await lines(chain(errorPage())(app))).toEqual([line])
  })

  it('has the same for a WebSocket to an app that serves HTTP alone', async () => {
    const app = throwing(new UnsupportedScopeError('websocket'))
    expect(await lines(app, 'websocket')).toEqual([[`info: ${UNSUPPORTED} "websocket"`, false]])
  })

  it('has no stack for an error of the client, and one for every other error', async () => {
    expect(await lines(throwing(new BadRequestError('no')))).toEqual([
      ['info: BadRequestError: no', false],
    ])
    expect(await lines(throwing(new PoolFullError('full')))).toEqual([
      ['warn: PoolFullError: full', true],
    ])
    expect(await lines(throwing(new RangeError('x')))).toEqual([['error: the app failed', true]])
  })
})
