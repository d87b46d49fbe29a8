// A log that keeps its lines with their fields.

import { eventually } from '../hosting/behaviour-host.ts'
import type { Log } from 'isthmus'

/** One line of a log. */
export interface Line {
  level: string
  message: string
  fields: Record<string, unknown>
}

/** A log, and the lines that it has. */
export interface NotedLog {
  log: Log
  lines: Line[]
  /** The first line with `text` in its message; waits for the line. */
  lineWith: (text: string) => Promise<Line>
}

export function notedLog(): NotedLog {
  const lines: Line[] = []
  const at = (level: string) => (fields: Record<string, unknown>, message: string) =>
    void lines.push({ level, message, fields })
  const log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  const lineWith = async (text: string): Promise<Line> => {
    const found = (): Line | undefined => lines.find(({ message }) => message.includes(text))
    await eventually(() => found() !== undefined)
    return found() as Line
  }
  return { log, lines, lineWith }
}
