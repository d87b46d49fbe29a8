// The log for the operator. A pino logger fits as it is.

/** One level of a {@link Log}: structured fields first, then the sentence. */
export type LogLine = (fields: Record<string, unknown>, message: string) => void

/**
 * The four levels that isthmus writes to. Any pino logger is a `Log`.
 *
 * @example
 * await serve(app, { log: pino({ level: 'warn' }) })
 */
export interface Log {
  debug: LogLine
  info: LogLine
  warn: LogLine
  error: LogLine
}
