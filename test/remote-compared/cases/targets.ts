// The bytes of the request line.

import { fields, forwarded } from '../looks.ts'
import { get, head } from '../request.ts'
import type { CaseGroup, ComparedCase } from '../case.ts'

const sent = (name: string, request: string, rest: Partial<ComparedCase> = {}): ComparedCase => ({
  name,
  look: forwarded(request, ({ start }) => (start.length < 80 ? start : `${start.length} bytes`)),
  ...rest,
})

const withHost = (name: string, request: string): ComparedCase =>
  sent(name, request, {
    look: forwarded(request, (got) => `${got.start}; ${fields(got, 'host')}`),
  })

export const targets: CaseGroup = {
  title: 'The target',
  cases: [
    sent('/a%2Fb//..%2e?x=%20&y', get('/a%2Fb//..%2e?x=%20&y')),
    sent('/a/../b', get('/a/../b')),
    sent('/a?', get('/a?')),
    sent('//a', get('//a')),
    sent('/{"a"}|^', get('/{"a"}|^')),
    sent('a byte above 127 in the path', get('/caf\xe9')),
    sent('/%zz, no escape', get('/%zz')),
    sent('/a#b', get('/a#b')),
    withHost('http://app.example/a, the same Host', get('http://app.example/a')),
    withHost('http://other.example/a, another Host', get('http://other.example/a')),
    sent('OPTIONS *', head('OPTIONS * HTTP/1.1', 'Host: app.example')),
    sent('a target of 6,000 bytes', get(`/${'a'.repeat(5_999)}`)),
    sent('an unknown method', head('BREW /a HTTP/1.1', 'Host: app.example')),
    sent('CONNECT', head('CONNECT app.example:443 HTTP/1.1', 'Host: app.example:443')),
    sent('TRACE', head('TRACE /a HTTP/1.1', 'Host: app.example')),
  ],
}
