// One connection, read by the parser in several ways and by node:http: do they see the same requests?

import { isDeepStrictEqual } from 'node:util'
import { EARLIER, LOOSER, STRICTER } from './differences.ts'
import { readByNode } from './llhttp.ts'
import { cut, readPieces, single } from './read-requests.ts'
import type { NodeReading, NodeRequest } from './llhttp.ts'
import type { Reading, ReadRequest } from './read-requests.ts'

/** How a comparison ended: alike, in a class of known differences, or with a fault. */
export interface Verdict {
  accepted: number
  difference: string | null
  fault: string | null
}

/** Compares the readings of `bytes`; `offsets` is one more way to cut them. */
export async function compare(bytes: Buffer, offsets: readonly number[]): Promise<Verdict> {
  const ours = readPieces([bytes])
  const accepted = ours.requests.length
  const fault = disunity(ours, bytes, offsets)
  if (fault !== null) return { accepted, difference: null, fault }
  const outcome = differenceTo(await readByNode(bytes), ours, bytes)
  return { accepted, ...(outcome.fault === null ? outcome : await looser(bytes, outcome)) }
}

// A fault is none if both read the bytes alike without the parts that only llhttp refuses.
async function looser(bytes: Buffer, faulty: Outcome): Promise<Outcome> {
  let text = bytes.toString('latin1')
  for (const { name, without } of LOOSER) {
    const plain = without(text)
    if (plain === text) continue
    text = plain
    const plainBytes = Buffer.from(plain, 'latin1')
    const outcome = differenceTo(await readByNode(plainBytes), readPieces([plainBytes]), plainBytes)
    if (outcome.fault === null) return known(name)
  }
  return faulty
}

function disunity(whole: Reading, bytes: Buffer, offsets: readonly number[]): string | null {
  const inside = [...new Set(offsets.map((offset) => offset % (bytes.length + 1)))]
  const sorted = inside.toSorted((a, b) => a - b)
  if (!isDeepStrictEqual(readPieces(cut(bytes, sorted)), whole)) {
    return `cut at ${sorted.join()} it is read otherwise`
  }
  return isDeepStrictEqual(readPieces(single(bytes)), whole)
    ? null
    : 'byte by byte it is read otherwise'
}

type Outcome = Omit<Verdict, 'accepted'>

const ALIKE: Outcome = { difference: null, fault: null }
const known = (difference: string): Outcome => ({ difference, fault: null })
const faulty = (fault: string): Outcome => ({ difference: null, fault })

function differenceTo(node: NodeReading, ours: Reading, bytes: Buffer): Outcome {
  for (const [index, request] of ours.requests.entries()) {
    const other = node.requests[index]
    if (!other?.whole) return faulty(`node:http has no whole request ${index}: ${node.error}`)
    if (!isSame(request, other)) return faulty(`node:http reads request ${index} otherwise`)
    if (request.keepAlive !== other.keepAlive) {
      const isBold = request.keepAlive && request.httpVersion === '1.1'
      return isBold ? faulty('node:http would close') : known('persistence')
    }
    // Without a listener for upgrades, node:http reports nothing after a request to upgrade.
    if (isUpgrade(request) && node.requests.length === index + 1) return known('upgrades')
  }

  const next = node.requests[ours.requests.length]
  if (ours.then === 'unfinished') return whenUnfinished(ours, node, next, bytes)
  if (ours.then === 'nothing') return whenDone(ours, node, next)
  return whenRefused(ours, node, next)
}

function whenDone(ours: Reading, node: NodeReading, next: NodeRequest | undefined): Outcome {
  // After the last request of a connection the parser reads nothing; llhttp reports an error.
  if (ours.requests.at(-1)?.keepAlive === false) return ALIKE
  if (next === undefined && node.error === null) return ALIKE
  return faulty(`node:http reads more, or fails: ${node.error}`)
}

function whenUnfinished(
  ours: Reading,
  node: NodeReading,
  next: NodeRequest | undefined,
  bytes: Buffer,
): Outcome {
  if (next?.whole) return faulty('node:http reads a whole request where we wait for more')
  const { current } = ours
  if (current !== null && (next === undefined || !isSame(current, next))) {
    return faulty('node:http reads the request under way otherwise')
  }
  if (node.error === null) return ALIKE
  if (!EARLIER.has(node.error)) {
    return faulty(`node:http fails where we wait for more: ${node.error}`)
  }
  const hope = ENDINGS.find((ending) => isTaken(bytes, ending, ours))
  return hope === undefined
    ? known('judged as a whole')
    : faulty(`node:http fails, ${node.error}, but we take it with ${JSON.stringify(hope)}`)
}

function whenRefused(ours: Reading, node: NodeReading, next: NodeRequest | undefined): Outcome {
  const { current } = ours
  const isSameTorso = current !== null && next !== undefined && !next.whole && isSame(current, next)
  const isRefusedHere = current === null ? next === undefined : isSameTorso
  if (node.error !== null && isRefusedHere) return ALIKE
  // node:http reports no broken body of such a request, either.
  if (isSameTorso && isUpgrade(current)) return known('upgrades')

  const stricter = STRICTER.find(({ reason }) => reason.test(ours.reason ?? ''))
  return stricter ? known(stricter.name) : faulty(`only we refuse it: ${ours.reason}`)
}

// Texts that could still complete a head, or trailers.
const ENDINGS = [
  '\r\n\r\n',
  '\n\r\n\r\n',
  '\n\r\n',
  '\n',
  ':\r\n\r\n',
  ' / HTTP/1.1\r\nHost: a\r\n\r\n',
  '/ HTTP/1.1\r\nHost: a\r\n\r\n',
  ' HTTP/1.1\r\nHost: a\r\n\r\n',
  'HTTP/1.1\r\nHost: a\r\n\r\n',
  '\r\nHost: a\r\n\r\n',
]

function isTaken(bytes: Buffer, ending: string, before: Reading): boolean {
  const { requests, current } = readPieces([bytes, Buffer.from(ending, 'latin1')])
  const isBegun = before.current === null && current !== null
  return requests.length > before.requests.length || isBegun
}

function isUpgrade({ sentHeaders }: ReadRequest): boolean {
  const names = (name: string): string[] =>
    sentHeaders.filter((pair) => pair[0] === name).map((pair) => pair[1])
  return names('upgrade').length > 0 && names('connection').some((value) => /upgrade/i.test(value))
}

function isSame(ours: ReadRequest, node: NodeRequest): boolean {
  return (
    ours.method === node.method &&
    ours.target === node.target &&
    ours.httpVersion === node.httpVersion &&
    ours.body === node.body &&
    isDeepStrictEqual(ours.sentHeaders, node.headers)
  )
}
