// The fields of a request on the way to the upstream.

import { fields, forwarded, passing } from '../looks.ts'
import { get, head, post } from '../request.ts'
import type { CaseGroup } from '../case.ts'

export const requestFields: CaseGroup = {
  title: 'Fields of a request',
  cases: [
    {
      name: 'a field that Connection names',
      look: forwarded(get('/', 'Connection: close, X-Hop', 'X-Hop: 1'), (got) =>
        passing(got, 'x-hop'),
      ),
    },
    {
      name: 'Connection: Host, Cookie, Authorization',
      look: forwarded(
        get('/', 'Connection: Host, Cookie, Authorization', 'Cookie: a=1', 'Authorization: b'),
        (got) => passing(got, 'host', 'cookie', 'authorization'),
      ),
    },
    {
      name: 'Connection: Content-Length, on a POST of 5 bytes',
      look: forwarded(post('hello', 'Connection: Content-Length'), ({ body }) => `body "${body}"`),
    },
    {
      name: 'Connection: X-Forwarded-For',
      look: forwarded(get('/', 'Connection: X-Forwarded-For'), (got) =>
        fields(got, 'x-forwarded-for'),
      ),
    },
    {
      name: 'Connection, as the upstream gets it',
      look: forwarded(get('/', 'Connection: close'), (got) => fields(got, 'connection')),
    },
    {
      name: 'Keep-Alive, Proxy-Connection',
      look: forwarded(get('/', 'Keep-Alive: timeout=5', 'Proxy-Connection: keep-alive'), (got) =>
        passing(got, 'keep-alive', 'proxy-connection'),
      ),
    },
    {
      name: 'Proxy-Authorization',
      look: forwarded(get('/', 'Proxy-Authorization: Basic YTpi'), (got) =>
        passing(got, 'proxy-authorization'),
      ),
    },
    {
      name: 'Proxy (httpoxy, CVE-2016-5385)',
      look: forwarded(get('/', 'Proxy: http://evil.example'), (got) => passing(got, 'proxy')),
    },
    {
      name: 'TE: trailers',
      look: forwarded(get('/', 'TE: trailers', 'Connection: TE'), (got) => fields(got, 'te')),
    },
    {
      name: 'TE: gzip',
      look: forwarded(get('/', 'TE: gzip'), (got) => fields(got, 'te')),
    },
    {
      name: 'Trailer',
      look: forwarded(get('/', 'Trailer: X-Sum'), (got) => passing(got, 'trailer')),
    },
    {
      name: 'Upgrade: h2c',
      look: forwarded(
        get('/', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'),
        (got) => passing(got, 'upgrade', 'http2-settings'),
      ),
    },
    {
      name: 'Upgrade: websocket without a Connection field',
      look: forwarded(get('/', 'Upgrade: websocket'), (got) => passing(got, 'upgrade')),
    },
    {
      name: 'Host',
      look: forwarded(get('/'), (got) => fields(got, 'host')),
    },
    {
      name: 'HTTP/1.0 without Host',
      look: forwarded(head('GET / HTTP/1.0'), (got) => `${got.start}; ${fields(got, 'host')}`),
    },
    {
      name: 'X-Forwarded-For of a client',
      look: forwarded(get('/', 'X-Forwarded-For: 6.6.6.6'), (got) =>
        fields(got, 'x-forwarded-for'),
      ),
    },
    {
      name: 'X-Forwarded-Proto of a client',
      look: forwarded(get('/', 'X-Forwarded-Proto: https'), (got) =>
        fields(got, 'x-forwarded-proto'),
      ),
    },
    {
      name: 'X-Forwarded-Host of a client',
      look: forwarded(get('/', 'X-Forwarded-Host: evil.example'), (got) =>
        fields(got, 'x-forwarded-host'),
      ),
    },
    {
      name: 'Forwarded, X-Real-IP of a client',
      look: forwarded(get('/', 'Forwarded: for=6.6.6.6', 'X-Real-IP: 6.6.6.6'), (got) =>
        fields(got, 'forwarded', 'x-real-ip'),
      ),
    },
    {
      name: 'X_Forwarded_For, which WSGI takes for X-Forwarded-For',
      look: forwarded(get('/', 'X_Forwarded_For: 6.6.6.6'), (got) =>
        passing(got, 'x_forwarded_for'),
      ),
    },
    {
      name: 'a name with an underscore, alone',
      look: forwarded(get('/', 'api_key: 1'), (got) => passing(got, 'api_key')),
    },
    {
      name: 'the fields that a plain GET gains',
      look: forwarded(get('/'), (got) => gained(got.lines)),
    },
    {
      name: 'one name in two fields',
      look: forwarded(get('/', 'X-Two: 1', 'X-Two: 2'), (got) => fields(got, 'x-two')),
    },
    {
      name: 'Cookie in two fields',
      look: forwarded(get('/', 'Cookie: a=1', 'Cookie: b=2'), (got) => fields(got, 'cookie')),
    },
    {
      name: 'the spelling of X-CamelCase',
      look: forwarded(get('/', 'X-CamelCase: Value'), ({ lines }) =>
        spelling(lines, 'x-camelcase'),
      ),
    },
    {
      name: 'bytes above 127 in a value',
      look: forwarded(get('/', 'X-Name: caf\xe9'), (got) =>
        fields(got, 'x-name') === 'x-name: caf\xe9' ? 'the same bytes' : fields(got, 'x-name'),
      ),
    },
    {
      name: 'an empty value',
      look: forwarded(get('/', 'X-Empty:'), (got) => passing(got, 'x-empty')),
    },
    {
      name: 'a value of 7,000 bytes',
      look: forwarded(get('/', `X-Long: ${'a'.repeat(7_000)}`), (got) => passing(got, 'x-long')),
    },
  ],
}

function gained(lines: readonly string[]): string {
  const names = lines.map((line) => line.split(':', 1)[0]?.toLowerCase() ?? '')
  return names.filter((name) => name !== 'host').join(', ') || 'none'
}

function spelling(lines: readonly string[], name: string): string {
  return lines.find((line) => line.toLowerCase().startsWith(`${name}:`)) ?? 'removed'
}
