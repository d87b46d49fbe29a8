// The log of the command line. It is on stderr, so that stdout has the ready line and nothing else.

import { pino } from 'pino'
import type { Log } from '../../contract/log.ts'
import type { ProcessOptions } from '../options-table.ts'

// Control characters, which can change a terminal. Only a stack may contain line breaks.
const CONTROLS = /[\x00-\x1f\x7f-\x9f]/g
const CONTROLS_OF_STACKS = /[\x00-\x09\x0b-\x1f\x7f-\x9f]/g

/**
 * Makes a log on stderr: lines of JSON, or one coloured line for each entry.
 *
 * @param format `auto` is `pretty` on a terminal, else `json`
 */
export async function createLog(
  level: ProcessOptions['logLevel'],
  format: ProcessOptions['logFormat'],
): Promise<{ log: Log }> {
  const isPretty = format === 'pretty' || (format === 'auto' && process.stderr.isTTY)
  const stream = isPretty ? await prettyStream() : jsonStream()
  return { log: pino({ level, base: null }, stream) }
}

function jsonStream(): { write(line: string): void } {
  return pino.destination({ dest: 2, sync: false })
}

// pino-pretty is loaded for terminals only. It formats in this thread, so that each line is written before the process
// ends.
async function prettyStream(): Promise<{ write(line: string): void }> {
  const { prettyFactory } = await import('pino-pretty')
  const pretty = prettyFactory({
    colorize: process.stderr.isTTY && !process.env['NO_COLOR'],
    singleLine: true,
    translateTime: 'SYS:HH:MM:ss.l',
  })
  return { write: (line) => void process.stderr.write(pretty(JSON.parse(line, escaped))) }
}

// JSON escapes control characters, and pino-pretty would print them unescaped.
function escaped(key: string, value: unknown): unknown {
  if (typeof value !== 'string') return value
  const controls = key === 'stack' ? CONTROLS_OF_STACKS : CONTROLS
  return value.replaceAll(controls, (control) => {
    return `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
}
