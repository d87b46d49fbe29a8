// One attempt: bytes on a connection, then a probe; and the comparison of both ends.

import { Wire } from '../remote-compared/wire.ts'
import type { Arrived, RecordingUpstream } from './recording-upstream.ts'
import type { Asked, Front } from './front.ts'

/** The result of an attempt. */
export interface Attempted {
  /** A line for each thing that is wrong. */
  faults: string[]
  /** The requests of the bytes that arrived whole. */
  arrived: readonly Arrived[]
  /** The requests at the front that did not arrive whole: cut, or refused by the upstream. */
  refused: number
  /** The probe came on the connection of a request before it. */
  isShared: boolean
}

/** The fields that remote() and the client of undici write. */
const OWN_FIELD =
  /^(host|connection|content-length|transfer-encoding|te|via|forwarded|x-forwarded-.*)$/
let probes = 0

/** Sends bytes in one piece, ends, reads all answers; then probes. */
export async function attempt(
  bytes: string,
  front: Front,
  upstream: RecordingUpstream,
): Promise<Attempted> {
  const answers = await exchange(front.port, bytes)
  const asked = front.take()
  const probe = String((probes += 1))
  const request = `GET /probe-${probe} HTTP/1.1\r\nHost: a\r\nX-Probe: ${probe}\r\n\r\n`
  const answer = await exchange(front.port, request)
  const probed = front.take()
  const all = await upstream.upToProbe(probe)
  const [last] = all.slice(-1) as [Arrived]
  const arrived = all.slice(0, -1)
  const whole = arrived.filter(({ isWhole }) => isWhole)
  return {
    faults: [
      ...strangers(asked, whole),
      ...strangeParts(front.before, arrived),
      ...wrongProbe(probe, probed, last),
      ...wrongAnswers('an answer', echoesOf(answers), whole),
      ...wrongAnswers('the answer of the probe', echoesOf(answer), [last]),
    ],
    arrived: whole,
    refused: asked.length - whole.length,
    isShared: arrived.some(({ port }) => port === last.port),
  }
}

async function exchange(port: number, bytes: string): Promise<string> {
  using wire = await Wire.connect(port)
  wire.end(bytes)
  const answers = await wire.rest()
  return answers
}

/** The requests that arrived are some of those at the front, in their order, byte for byte. */
function strangers(asked: readonly Asked[], arrived: readonly Arrived[]): string[] {
  const faults: string[] = []
  let from = 0
  for (const request of arrived) {
    const at = asked.findIndex((other, index) => index >= from && isSame(other, request))
    if (at === -1) faults.push(`arrived, and was not one request: ${JSON.stringify(request)}`)
    else {
      faults.push(...strangeFields(asked[at] as Asked, request))
      from = at + 1
    }
  }
  return faults
}

function isSame(asked: Asked, request: Arrived): boolean {
  return isLike(asked, request) && asked.isWhole && asked.body === request.body
}

function isLike({ method, target }: Asked, request: Arrived): boolean {
  return method === request.method && target === request.target.replace(/\?$/, '')
}

/** A request that was cut is a part of one at the front. A server may see the end of its connection late. */
function strangeParts(before: readonly Asked[], arrived: readonly Arrived[]): string[] {
  const isPart = (request: Arrived): boolean =>
    before.some((asked) => isLike(asked, request) && asked.body.startsWith(request.body))
  return arrived
    .filter((request) => !request.isWhole && !isPart(request))
    .map((request) => `a part arrived, and was no part of a request: ${JSON.stringify(request)}`)
}

function strangeFields({ headers }: Asked, { fields = [] }: Arrived): string[] {
  const isKnown = ([name, value]: [string, string]): boolean =>
    OWN_FIELD.test(name) || headers.some(([other, sent]) => other === name && sent === value)
  return fields
    .filter((field) => !isKnown(field))
    .map((field) => `a field arrived that nobody sent: ${JSON.stringify(field)}`)
}

function wrongProbe(probe: string, probed: readonly Asked[], last: Arrived): string[] {
  const { method, target, body } = last
  const isRight = method === 'GET' && target === `/probe-${probe}` && body === ''
  if (isRight && probed.length === 1) return []
  return [`probe ${probe} became ${JSON.stringify(last)}, ${probed.length} at the front`]
}

/** The answers name the requests that arrived, in their order; one whose client had left has none. */
function wrongAnswers(what: string, echoes: string[], arrived: readonly Arrived[]): string[] {
  const wanted = arrived.map(
    ({ method, target, body }) => `${method} ${quoted(target)} ${body.length}`,
  )
  let from = 0
  return echoes.flatMap((echo) => {
    const at = wanted.indexOf(echo, from)
    if (at === -1) return [`${what} is that of another request: "${echo}", not of ${wanted.join()}`]
    from = at + 1
    return []
  })
}

function echoesOf(answers: string): string[] {
  return [...answers.matchAll(/^x-echo: ([A-Z0-9!#$&'*+.^_`|~-]+ \S+ \d+)\r$/gim)].map((match) =>
    normal(match[1] as string),
  )
}

// encodeURIComponent and quote() differ in some characters.
function normal(echo: string): string {
  const [method = '', target = '', length = ''] = echo.split(' ')
  return `${method} ${quoted(decodeURIComponent(target))} ${length}`
}

function quoted(target: string): string {
  return encodeURIComponent(target)
}
