// Values for the record: short, and without secrets.

import type { Found } from '../compare/found.ts'
import type { Difference } from '../../contract/report.ts'

const ALWAYS = ['authorization', 'proxy-authorization', 'cookie', 'set-cookie']
const HIDDEN = '[redacted]'
const MAX_LENGTH = 200
// The characters before the first one that differs.
const LEAD = 60

/** Hides the values of fields and members by their names, and shortens all values. */
export class Redaction {
  readonly #names: ReadonlySet<string>

  constructor(names: readonly string[]) {
    this.#names = new Set([...ALWAYS, ...names.map((name) => name.toLowerCase())])
  }

  /** A difference as the record keeps it. */
  shown({ part, from, to }: Found): Difference {
    const isHidden = part.split(/[ /]/).some((name) => this.#hides(name))
    if (isHidden) return { part, from: hidden(from), to: hidden(to) }
    // Only beside another type does a text need its quotes: "5" and 5 are two values.
    const isText = [from, to].every((value) => value === undefined || typeof value === 'string')
    const texts = [from, to].map((value) => (isText ? (value as string) : this.#textOf(value)))
    const start = Math.max(0, firstDifference(texts[0] ?? '', texts[1] ?? '') - LEAD)
    const [one, other] = texts.map((text) => shortened(text, start))
    return { part, from: one ?? null, to: other ?? null }
  }

  #hides(name: string): boolean {
    return this.#names.has(name.toLowerCase())
  }

  #textOf(value: unknown): string | undefined {
    return JSON.stringify(value, (name, inner: unknown) => (this.#hides(name) ? HIDDEN : inner))
  }
}

/** A path of at most 200 characters. */
export function shortPath(path: string): string {
  return path.length > MAX_LENGTH ? `${path.slice(0, MAX_LENGTH)}…` : path
}

function hidden(value: unknown): string | null {
  return value === undefined ? null : HIDDEN
}

function firstDifference(one: string, other: string): number {
  const most = Math.min(one.length, other.length)
  let at = 0
  while (at < most && one[at] === other[at]) at += 1
  return at
}

function shortened(text: string | undefined, start: number): string | undefined {
  if (text === undefined || text.length <= MAX_LENGTH) return text
  const end = start + MAX_LENGTH
  return `${start > 0 ? '…' : ''}${text.slice(start, end)}${end < text.length ? '…' : ''}`
}
