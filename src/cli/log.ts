// The log of the command line. It is on stderr, so that stdout has the ready line and nothing else.

import { pino } from 'pino'
import { BoundedWriter } from '../bounded-writer.ts'
import { lostLine, stderrLog } from '../server/stderr-log.ts'
import { saidOnce } from './said-once.ts'
import type { Log } from '../contract/log.ts'
import type { ProcessOptions } from './options-table.ts'
import type { LogRecord } from './said-once.ts'

// Control characters, which can change a terminal. Only a stack may contain line breaks.
const CONTROLS = /[\x00-\x1f\x7f-\x9f]/g
const CONTROLS_OF_STACKS = /[\x00-\x09\x0b-\x1f\x7f-\x9f]/g

/**
 * Makes a log on stderr: lines of JSON, or one coloured line for each entry.
 *
 * @param format `auto` is `pretty` on a terminal, else `json`
 * @param fields the fields of each line: those of a worker
 */
export async function createLog(
  level: ProcessOptions['logLevel'],
  format: ProcessOptions['logFormat'],
  fields: Readonly<Record<string, unknown>> | null = null,
): Promise<{ log: Log }> {
  const isPretty = format === 'pretty' || (format === 'auto' && process.stderr.isTTY)
  if (!isPretty) return { log: stderrLog(level, fields) }
  const pretty = await prettyFormat()
  const output = new BoundedWriter(2, (lost) => output.write(pretty(lostLine(lost))))
  return { log: pino({ level, base: fields }, { write: (line) => output.write(pretty(line)) }) }
}

// The coloured form of a line of JSON. pino-pretty is loaded for terminals only. It formats in this thread, so that each
// line is written before the process ends.
async function prettyFormat(): Promise<(line: string) => string> {
  const { prettyFactory } = await import('pino-pretty')
  const pretty = prettyFactory({
    colorize: process.stderr.isTTY && !process.env['NO_COLOR'],
    singleLine: true,
    translateTime: 'SYS:HH:MM:ss.l',
    // The stack of an error follows its line; the other properties of the error are fields like all others.
    errorLikeObjectKeys: [],
  })
  return (line) => {
    const { record, stack } = saidOnce(JSON.parse(line) as LogRecord)
    const text = pretty(JSON.parse(JSON.stringify(record), escaped) as LogRecord)
    if (stack === '') return text
    return `${text}${escapedText(stack, CONTROLS_OF_STACKS).replaceAll(/^/gm, '    ')}\n`
  }
}

// JSON escapes control characters, and pino-pretty would print them unescaped.
function escaped(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? escapedText(value, CONTROLS) : value
}

function escapedText(text: string, controls: RegExp): string {
  return text.replaceAll(controls, (control) => {
    return `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
}
