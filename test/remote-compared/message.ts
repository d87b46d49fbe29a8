// Requests and responses as a wire has them: leniently, because a proxy may pass anything on.

import type { Wire } from './wire.ts'

/** A message, as it arrived. */
export interface Message {
  /** The request line or the status line. */
  start: string
  /** The lines of the head after the first. */
  lines: string[]
  body: string
  trailers: string[]
  /** False if the connection ended, or the framing broke, before the end of the body. */
  isWhole: boolean
}

const INTERIM = new Set([100, 102, 103])
const BODILESS = new Set([101, 204, 304])

/** The next request with its body. @throws Error if the connection ends before the end of the head */
export async function takeRequest(wire: Wire): Promise<Message> {
  const head = await takeHead(wire)
  if (isChunked(head)) return { ...head, ...(await takeChunks(wire)) }
  return { ...head, ...(await takeLength(wire, Number(fieldOf(head, 'content-length') ?? 0))) }
}

/** The next final response with its body. @throws Error if the connection ends before the end of the head */
export async function takeResponse(wire: Wire, method = 'GET'): Promise<Message> {
  const head = await takeHead(wire)
  const status = statusOf(head)
  if (INTERIM.has(status)) return takeResponse(wire, method)
  if (method === 'HEAD' || BODILESS.has(status) || Number.isNaN(status)) return bodiless(head)
  if (isChunked(head)) return { ...head, ...(await takeChunks(wire)) }
  const length = fieldOf(head, 'content-length')
  if (length !== undefined) return { ...head, ...(await takeLength(wire, Number(length))) }
  const body = await wire.rest()
  return { ...head, body, trailers: [], isWhole: wire.ending === 'end' }
}

/** The next head alone. */
export async function takeHead(wire: Wire): Promise<Pick<Message, 'start' | 'lines'>> {
  const [start = '', ...lines] = (await wire.until('\r\n\r\n')).slice(0, -4).split('\r\n')
  return { start, lines }
}

/** The status of a response; NaN for a line that is no status line. */
export function statusOf({ start }: Pick<Message, 'start'>): number {
  return Number(/^HTTP\/1\.[01] (\d{3})\b/.exec(start)?.[1])
}

/** The values of a field, in their order. */
export function valuesOf({ lines }: Pick<Message, 'lines'>, name: string): string[] {
  return lines.flatMap((line) => {
    const [field = '', ...value] = line.split(':')
    return field.toLowerCase() === name ? [value.join(':').trim()] : []
  })
}

/** The first value of a field. */
export function fieldOf(message: Pick<Message, 'lines'>, name: string): string | undefined {
  return valuesOf(message, name)[0]
}

function isChunked(head: Pick<Message, 'lines'>): boolean {
  return fieldOf(head, 'transfer-encoding') !== undefined
}

type Body = Pick<Message, 'body' | 'trailers' | 'isWhole'>

function bodiless(head: Pick<Message, 'start' | 'lines'>): Message {
  return { ...head, body: '', trailers: [], isWhole: true }
}

async function takeLength(wire: Wire, length: number): Promise<Body> {
  const body = await wire.bytes(length)
  return { body, trailers: [], isWhole: body.length === length }
}

async function takeChunks(wire: Wire): Promise<Body> {
  let body = ''
  const trailers: string[] = []
  try {
    for (;;) {
      const size = Number.parseInt(await wire.until('\r\n'), 16)
      if (Number.isNaN(size)) break
      const chunk = await wire.bytes(size)
      body += chunk
      if (size === 0) return { body, trailers: await takeTrailers(wire), isWhole: true }
      if (chunk.length < size || (await wire.until('\r\n')) !== '\r\n') break
    }
  } catch (error) {
    // A connection that ended within the body cut it. One that stays open is another fact.
    if (wire.ending === 'open') throw error
  }
  return { body, trailers, isWhole: false }
}

async function takeTrailers(wire: Wire): Promise<string[]> {
  const trailers: string[] = []
  for (;;) {
    const line = (await wire.until('\r\n')).slice(0, -2)
    if (line === '') return trailers
    trailers.push(line)
  }
}
