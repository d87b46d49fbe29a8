// A server for an app in test/fixtures/python, and requests in raw bytes.

import { python } from 'isthmus'
import { served } from '../raw/served.ts'
import { wireOf } from '../conformance/socket-host.ts'
import { FIXTURE } from './shared-pool.ts'
import type { PythonApp, PythonOptions, ServeOptions } from 'isthmus'
import type { Request } from '../conformance/host.ts'
import type { RawResponse } from '../raw/raw-response.ts'
import type { Served } from '../raw/served.ts'

/** A server for one app of Python. The test that starts it also disposes it. */
export interface PythonServer extends Served {
  app: PythonApp
  /** The response to one request on a connection of its own. */
  ask(target: string, request?: Request): Promise<RawResponse>
  /** The body of the response, from JSON. */
  json(target: string, request?: Request): Promise<unknown>
  /** All bytes that the server sends to a request; `|` stands for the end of a line. */
  wire(target: string, request?: Request): Promise<string>
}

/** Serves `spec` with its lifespan. A process has 30 s to start beside other tests. */
export async function serving(
  spec: string,
  options: PythonOptions = {},
  serveOptions: ServeOptions = {},
): Promise<PythonServer> {
  const app = python(spec, { ...FIXTURE, ...options })
  const server = await served(app, { lifespan: 'on', graceMs: 5_000, ...serveOptions })
  const ask = async (target: string, request: Request = {}): Promise<RawResponse> => {
    using client = await server.connect()
    client.send(wireOf({ target, ...request }))
    return await client.response(request.method)
  }
  return {
    ...server,
    app,
    ask,
    json: async (target, request) => JSON.parse((await ask(target, request)).body) as unknown,
    async wire(target, request = {}) {
      using client = await server.connect()
      const headers = [...(request.headers ?? []), ['connection', 'close'] as [string, string]]
      client.send(wireOf({ target, ...request, headers }))
      return (await client.rest()).replace(/date: [^\r]+\r\n/, '').replaceAll('\r\n', '|')
    },
  }
}
