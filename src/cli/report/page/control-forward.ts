// The requests of the page, passed on to the control socket of the server.

import { answering, json } from '../../../report/answer.ts'
import { askControl } from '../../control-client.ts'
import type { EventApp } from '../../../contract/events.ts'

/**
 * Makes the app that answers as the server with the control socket at `path` does. A failure or a refusal is 502, with the
 * reason.
 */
export function controlForward(path: string | null): EventApp {
  return answering(async (scope, body) => {
    const method = scope.method as 'GET' | 'PATCH' | 'POST'
    const target = scope.queryString === '' ? scope.path : `${scope.path}?${scope.queryString}`
    try {
      const sent = method === 'GET' ? {} : { body: parse(await body()) }
      return json(200, await askControl(path, { method, target, ...sent }))
    } catch (error) {
      return json(502, { error: (error as Error).message })
    }
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error('the body is no JSON')
  }
}
