// The parts in which two bodies differ that are not JSON: lines of a text, or the first byte that differs.

import { Buffer } from 'node:buffer'
import { pairsOf } from './list-pairs.ts'
import type { Collect } from './found.ts'

// Around the first byte that differs.
const CONTEXT_BYTES = 16
const MAX_LINES = 20_000

/** Finds the lines that differ. The offset of a part is that of the first byte that differs, or of the line. */
export function textDifferences(from: Uint8Array, to: Uint8Array, collect: Collect): void {
  const [olds, news] = [linesOf(from), linesOf(to)]
  if (Math.max(olds.length, news.length) > MAX_LINES) return byteDifference(from, to, collect)
  const [oldStarts, newStarts] = [startsOf(olds), startsOf(news)]
  const { unequal, missing, extra, isReordered } = pairsOf(olds, news)
  const tell = (
    offset: number,
    line: number,
    values: { from?: string | undefined; to?: string | undefined },
  ): void =>
    collect({
      part: `body @${offset}`,
      key: `body line ${line}`,
      isOrder: false,
      from: values.from,
      to: values.to,
    })

  for (const [at, other] of unequal) {
    const [one, two] = [olds[at] as string, news[other] as string]
    tell((oldStarts[at] as number) + firstByte(one, two), at, { from: one, to: two })
  }
  for (const at of missing) tell(oldStarts[at] as number, at, { from: olds[at] })
  for (const at of extra) tell(newStarts[at] as number, at, { to: news[at] })
  if (!isReordered) return
  collect({ part: 'body', key: 'body lines', isOrder: true, from: olds, to: news })
}

/** Finds the first byte that differs, with some bytes around it in hexadecimal digits. */
export function byteDifference(from: Uint8Array, to: Uint8Array, collect: Collect): void {
  const most = Math.min(from.length, to.length)
  let at = 0
  while (at < most && from[at] === to[at]) at += 1
  if (at === most && from.length === to.length) return
  const values = { from: around(from, at), to: around(to, at) }
  collect({ part: `body @${at}`, key: 'body bytes', isOrder: false, ...values })
}

function linesOf(bytes: Uint8Array): string[] {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes).split(/(?<=\n)/)
}

function startsOf(lines: readonly string[]): number[] {
  let offset = 0
  return lines.map((line) => {
    const start = offset
    offset += Buffer.byteLength(line)
    return start
  })
}

function firstByte(one: string, other: string): number {
  let at = 0
  while (at < one.length && one[at] === other[at]) at += 1
  return Buffer.byteLength(one.slice(0, at))
}

function around(bytes: Uint8Array, at: number): string | undefined {
  const part = bytes.subarray(Math.max(0, at - CONTEXT_BYTES), at + CONTEXT_BYTES)
  const hex = Buffer.from(part.buffer, part.byteOffset, part.byteLength).toString('hex')
  return bytes.length === 0 ? undefined : `${bytes.length} bytes: ${hex}`
}
