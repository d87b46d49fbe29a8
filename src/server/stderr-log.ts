// The log of a server on stderr.

import pino from 'pino'
import { BoundedWriter } from '../bounded-writer.ts'
import type { Log } from '../contract/log.ts'

const WARN = 40
const output = new BoundedWriter(2, (lost) => output.write(lostLine(lost)))

/**
 * A log of JSON lines on stderr. A reader that has stalled holds up nothing: lines wait, or are dropped and counted.
 *
 * @param fields the fields of each line
 */
export function stderrLog(level = 'info', fields: object | null = null): Log {
  return pino({ level, base: fields }, output)
}

/** The JSON line about lines that were dropped. */
export function lostLine(lost: number): string {
  const msg = 'stderr was not read: lines of the log were dropped'
  return `${JSON.stringify({ level: WARN, time: Date.now(), lost, msg })}\n`
}
