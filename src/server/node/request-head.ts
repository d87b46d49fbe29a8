// A request head as node:http read it, in the terms of the contracts.

import { TLSSocket } from 'node:tls'
import { BadRequestError } from '../../errors.ts'
import { tlsFacts } from '../tls-facts.ts'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { HeaderPairs } from '../../contract/events.ts'

import type { RequestHead } from '../scope.ts'

/** The head of `req`, names in lower case and duplicates kept; `uds` is the unix socket that it came by. */
export function requestHead(req: IncomingMessage, uds: string | null): RequestHead {
  const { socket } = req
  return {
    method: req.method ?? 'GET',
    target: req.url ?? '/',
    httpVersion: httpVersion(req),
    headers: headerPairs(req.rawHeaders),
    client: socket.remoteAddress ? [socket.remoteAddress, socket.remotePort ?? 0] : null,
    server: uds === null ? serverAddress(socket) : [uds, null],
    secure: socket instanceof TLSSocket,
    tls: socket instanceof TLSSocket ? tlsFacts(socket) : null,
  }
}

function httpVersion(req: IncomingMessage): '1.0' | '1.1' {
  if (req.httpVersion === '1.1' || req.httpVersion === '1.0') return req.httpVersion
  throw new BadRequestError(`HTTP/${req.httpVersion} is not served`, 505)
}

function headerPairs(raw: string[]): HeaderPairs {
  const pairs: HeaderPairs = []
  for (let at = 0; at + 1 < raw.length; at += 2) {
    pairs.push([(raw[at] as string).toLowerCase(), raw[at + 1] as string])
  }
  return pairs
}

function serverAddress(socket: Socket): RequestHead['server'] {
  const { localAddress, localPort } = socket
  return localAddress === undefined || localPort === undefined ? null : [localAddress, localPort]
}
