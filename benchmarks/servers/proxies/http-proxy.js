// http-proxy on node:http, with connections that stay open. Arguments: the port and the URL of the upstream.

import { Agent, createServer } from 'node:http'
import httpProxy from 'http-proxy'

const [port, target] = process.argv.slice(2)
const agent = new Agent({ keepAlive: true })
const proxy = httpProxy.createProxyServer({ target, agent, xfwd: true })
// The load closes its connections at its end, also in the middle of an answer.
proxy.on('error', (_error, _request, response) => response.destroy())

createServer((request, response) => proxy.web(request, response)).listen(Number(port), '127.0.0.1')
process.stdin.on('end', () => process.exit()).resume()
