// A request head that node:http has read, in the terms of the contracts.

import { BadRequestError } from '../../errors.ts'
import { checkedHead } from '../checked-head.ts'
import type { IncomingMessage } from 'node:http'
import type { HeaderPairs } from '../../contract/events.ts'
import type { Endpoints, RequestHead } from '../../http/request-head.ts'

/** The facts of a request that its {@link IncomingMessage} does not state. */
interface IncomingFacts {
  ends: Endpoints
  /** The request target. A framework around the app changes `req.url`. */
  target: string
  /** node:http has seen `Expect: 100-continue`. */
  expectsContinue: boolean
  maxHeaderFields: number
}

/**
 * The checked head of `req`.
 *
 * @throws {@link BadRequestError} 505 for another version than HTTP/1.0 and HTTP/1.1
 */
export function incomingHead(req: IncomingMessage, facts: IncomingFacts): RequestHead {
  const { ends, target, expectsContinue, maxHeaderFields } = facts
  const head = {
    method: req.method ?? 'GET',
    target,
    httpVersion: httpVersion(req),
    headers: headerPairs(req.rawHeaders),
    expectsContinue,
    ends,
  }
  return checkedHead(head, maxHeaderFields)
}

function httpVersion(req: IncomingMessage): '1.0' | '1.1' {
  if (req.httpVersion === '1.1' || req.httpVersion === '1.0') return req.httpVersion
  throw new BadRequestError(`HTTP/${req.httpVersion} is not served`, 505)
}

function headerPairs(raw: string[]): HeaderPairs {
  const headers: HeaderPairs = []
  for (let at = 0; at + 1 < raw.length; at += 2) {
    headers.push([(raw[at] as string).toLowerCase(), raw[at + 1] as string])
  }
  return headers
}
