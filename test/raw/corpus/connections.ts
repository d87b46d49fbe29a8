// The fields about the connection (RFC 9112, 9.3; RFC 9110, 7.6.1, 7.8, 10.1.1 and 10.1.4).

import { get, head, post, refused, taken } from './case.ts'
import type { CorpusCase, ExpectedRequest } from './case.ts'

const old = (...fields: string[]): string => head('GET / HTTP/1.0', ...fields)
const keeps = (name: string, bytes: string): CorpusCase => taken(name, bytes, { keepAlive: true })
const closes = (name: string, bytes: string): CorpusCase => taken(name, bytes, { keepAlive: false })
const says = (name: string, bytes: string, facts: ExpectedRequest): CorpusCase =>
  taken(name, bytes, facts)

export const connections: CorpusCase[] = [
  // Persistence.
  keeps('HTTP/1.1 without Connection', get()),
  keeps('HTTP/1.1 with keep-alive', get('Connection: keep-alive')),
  keeps('HTTP/1.1 with another option', get('Connection: close-up')),
  keeps('HTTP/1.1 with an empty Connection', get('Connection:')),
  keeps('HTTP/1.1 with close and a no-break space', get('Connection: close\xa0')),
  keeps('HTTP/1.1 with close in quotes', get('Connection: "close"')),
  closes('HTTP/1.1 with close', get('Connection: close')),
  closes('HTTP/1.1 with Close', get('Connection: Close')),
  closes('HTTP/1.1 with CLOSE', get('CONNECTION: CLOSE')),
  closes('HTTP/1.1 with close in a list', get('Connection: a, close , b')),
  closes('HTTP/1.1 with close in a list of tabs', get('Connection: a\t,\tclose\t,\tb')),
  closes('HTTP/1.1 with close in a list with empty members', get('Connection: ,,close,,')),
  closes('HTTP/1.1 with close in a second Connection', get('Connection: a', 'Connection: close')),
  closes('HTTP/1.1 with close and keep-alive', get('Connection: keep-alive, close')),
  closes('HTTP/1.1 with close before keep-alive', get('Connection: close, keep-alive')),
  closes('HTTP/1.0 without Connection', old()),
  closes('HTTP/1.0 with another option', old('Connection: keep-alives')),
  closes('HTTP/1.0 with keep-alive and close', old('Connection: keep-alive, close')),
  keeps('HTTP/1.0 with keep-alive', old('Connection: keep-alive')),
  keeps('HTTP/1.0 with Keep-Alive', old('Connection: Keep-Alive')),
  keeps('HTTP/1.0 with keep-alive in a list', old('Connection: a,keep-alive')),
  closes('HTTP/1.0 with Keep-Alive as a field alone', old('Keep-Alive: timeout=5')),

  // Upgrade.
  says('Upgrade that Connection names', get('Connection: Upgrade', 'Upgrade: websocket'), {
    upgrade: 'websocket',
  }),
  says('Upgrade in a list', get('Connection: keep-alive, upgrade', 'Upgrade: WebSocket'), {
    upgrade: 'WebSocket',
  }),
  says('Upgrade to a list', get('Connection: upgrade', 'Upgrade: h2c, websocket'), {
    upgrade: 'h2c, websocket',
  }),
  says('Upgrade twice', get('Connection: upgrade', 'Upgrade: h2c', 'Upgrade: websocket'), {
    upgrade: 'h2c, websocket',
  }),
  says('Upgrade that Connection does not name', get('Upgrade: websocket'), { upgrade: null }),
  says('Connection: upgrade without Upgrade', get('Connection: upgrade'), { upgrade: null }),
  says('Connection: upgraded', get('Connection: upgraded', 'Upgrade: a'), { upgrade: null }),
  says('Upgrade in HTTP/1.0', old('Connection: upgrade', 'Upgrade: websocket'), { upgrade: null }),

  // Expectations.
  says('100-continue', post('Expect: 100-continue', 'Content-Length: 0'), {
    method: 'POST',
    expectsContinue: true,
  }),
  says('100-Continue', post('Expect: 100-Continue', 'Content-Length: 0'), {
    method: 'POST',
    expectsContinue: true,
  }),
  // RFC 9110, 5.6.1 and 10.1.1: Expect is a list, which may be empty or repeat its members.
  says('an empty list of expectations', post('Expect:', 'Content-Length: 0'), {
    method: 'POST',
    expectsContinue: false,
  }),
  says(
    '100-continue twice',
    post('Expect: 100-continue', 'Expect: 100-Continue', 'Content-Length: 0'),
    { method: 'POST', expectsContinue: true },
  ),
  says('100-continue in a list of empty members', post('Expect: ,\t100-continue , ,'), {
    method: 'POST',
    expectsContinue: true,
  }),
  says('no expectation', post('Content-Length: 0'), { method: 'POST', expectsContinue: false }),
  says('100-continue in HTTP/1.0, which is ignored', old('Expect: 100-continue'), {
    expectsContinue: false,
  }),
  says('another expectation in HTTP/1.0, which is ignored', old('Expect: a'), {
    expectsContinue: false,
  }),
  refused(417, 'another expectation', post('Expect: 200-ok')),
  refused(417, 'an expectation that begins alike', post('Expect: 100-continued')),
  refused(417, 'an expectation with a parameter', post('Expect: 100-continue;a=b')),
  refused(417, 'an expectation and another', post('Expect: 100-continue, a')),

  // TE.
  says('TE: trailers', get('TE: trailers'), { acceptsTrailers: true }),
  says('TE: Trailers in a list', get('TE: gzip;q=0.5, Trailers'), { acceptsTrailers: true }),
  says('TE in a second field', get('TE: gzip', 'TE: trailers'), { acceptsTrailers: true }),
  says('TE: trailer', get('TE: trailer'), { acceptsTrailers: false }),
  says('TE: gzip', get('TE: gzip'), { acceptsTrailers: false }),
  says('TE in HTTP/1.0', old('TE: trailers'), { acceptsTrailers: false }),
]
