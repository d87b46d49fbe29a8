// The host "serve() behind a web server": requests by SCGI or FastCGI. The answers get the fields that a web server adds.

import { GatewayClient } from '../server/cgi/gateway-client.ts'
import { served } from '../raw/served.ts'
import type { HeaderPairs, HostedApp } from 'isthmus'
import type { GatewayHead, GatewayName } from '../server/cgi/gateway-client.ts'
import type { Engine, Host } from './host.ts'

/** Starts apps on free ports. Every request has its own connection. */
export function gatewayHost(protocol: GatewayName): Engine {
  return (app) => listen(app, protocol)
}

async function listen(app: HostedApp, protocol: GatewayName): Promise<Host> {
  const { server, ...behind } = await served(app, { lifespan: 'auto', protocol })
  return {
    async ask(request = {}) {
      using client = await GatewayClient.connect(protocol, server.address)
      client.send(request)
      const head = await client.head()
      return {
        status: head.status,
        headers: framed(head, request.method),
        body: await client.body(),
      }
    },
    async open(request = {}) {
      const client = await GatewayClient.connect(protocol, server.address)
      client.send(request)
      await client.head()
      // A paused socket: unread bytes wait in the server.
      client.raw.socket.pause()
      return {
        async read() {
          client.raw.socket.resume()
          return (await client.read()) ?? ''
        },
        leave: () => client.raw.reset(),
      }
    },
    [Symbol.asyncDispose]: () => behind[Symbol.asyncDispose](),
  }
}

function framed({ status, headers }: GatewayHead, method: string | undefined): HeaderPairs {
  const isSized = headers.some(([name]) => name === 'content-length')
  const isBare = isSized || method === 'HEAD' || status === 204 || status === 304
  const framing: HeaderPairs = isBare ? [] : [['transfer-encoding', 'chunked']]
  return [...headers, ...framing, ['date', 'DATE'], ['server', 'isthmus']]
}
