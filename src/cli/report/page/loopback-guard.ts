// The guard of the page on the loopback interface: every process of the machine can connect, and every site of a browser
// can send requests.

import { randomBytes, timingSafeEqual } from 'node:crypto'
import { getHeader } from '../../../http/headers.ts'
import { answering, json } from '../../../report/answer.ts'
import type { EventApp, HttpScope } from '../../../contract/events.ts'
import type { Answer } from '../../../report/answer.ts'

const SECRET_BYTES = 24
const NAMES = ['127.0.0.1', 'localhost']

/** The paths of a guarded page. They are the key to the page. */
interface GuardedPage {
  app: EventApp
  /** The path of the page: a secret. */
  path: string
  /**
   * A path that leads to the page once. The command line of a browser can be read by other users of the machine, so it
   * gets this one.
   */
  pathForOnce: string
}

/**
 * Puts `page` at a secret path. A request with a host other than the loopback address is refused: a site whose name
 * leads to this machine (DNS rebinding) gets nothing.
 */
export function guardedPage(page: EventApp): GuardedPage {
  const path = `/${secret()}`
  const ticket = { path: `/open/${secret()}`, used: false }
  const others = answering(async (scope) => {
    if (!isForLoopback(scope)) return json(421, { error: WRONG_HOST })
    return isSame(scope.path, ticket.path) ? redeemed(ticket, path) : json(404, { error: NOTHING })
  })
  const app: EventApp = async (scope, receive, send) => {
    const [, first = ''] = scope.type === 'http' ? scope.path.split('/', 2) : []
    if (scope.type !== 'http' || !isForLoopback(scope) || !isSame(`/${first}`, path)) {
      return others(scope, receive, send)
    }
    return page({ ...scope, rootPath: path }, receive, send)
  }
  return { app, path: `${path}/`, pathForOnce: ticket.path }
}

const WRONG_HOST = 'this page is at 127.0.0.1 and at localhost, and under no other name'
const NOTHING = 'there is nothing here; use the address that isthmus report --open has printed'
const USED = `this address has been used already: ${NOTHING}`

const secret = (): string => randomBytes(SECRET_BYTES).toString('base64url')

function isForLoopback({ headers, server }: HttpScope): boolean {
  const host = getHeader(headers, 'host')
  return NAMES.some((name) => host === `${name}:${server?.[1]}`)
}

// The time of the comparison says nothing about the secret.
function isSame(given: string, expected: string): boolean {
  const [bytes, others] = [Buffer.from(given), Buffer.from(expected)]
  return bytes.length === others.length && timingSafeEqual(bytes, others)
}

function redeemed(ticket: { used: boolean }, path: string): Answer {
  if (ticket.used) return json(403, { error: USED })
  ticket.used = true
  const headers: Answer['headers'] = [
    ['location', `${path}/`],
    ['referrer-policy', 'no-referrer'],
  ]
  return { status: 303, headers, body: '' }
}
