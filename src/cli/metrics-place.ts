// The value of --metrics: the place of the metrics.

import { InvalidOptionError } from '../errors.ts'
import { textIn } from './file-value.ts'
import type { Kind } from './option.ts'

/** A mount of the server, or a server of its own; null for none. */
export type MetricsPlace = { path: `/${string}` } | { host: string; port: number } | null

const LOOPBACK = '127.0.0.1'
const HIGHEST_PORT = 65_535

/** `/PATH`, `PORT` or `HOST:PORT`; an IPv6 address is in brackets. */
export const metricsPlace: Kind<MetricsPlace> = {
  takes: 'value',
  read(texts) {
    const text = texts.at(-1) ?? ''
    if (/^(?:\/[^/]+)+$/.test(text)) return { path: text as `/${string}` }
    const [, inBrackets, name, digits] = /^(?:(?:\[([^\]]+)\]|([^:[\]]+)):)?(\d+)$/.exec(text) ?? []
    const port = Number(digits)
    if (port <= HIGHEST_PORT) return { host: inBrackets ?? name ?? LOOPBACK, port }
    throw new InvalidOptionError('must be /PATH, PORT or HOST:PORT')
  },
  from: (given) => metricsPlace.read([typeof given === 'number' ? String(given) : textIn(given)]),
  show: () => 'none',
}
