// A log that never throws: the code that logs has other work to finish, such as the answer to a client.

import { inspect } from 'node:util'
import { invalidOption } from './complete-options.ts'
import { SILENT_LOG } from './silent-log.ts'
import type { Log, LogLine } from './contract/log.ts'

/**
 * `log` for the code of the server. A line that `log` cannot take, because an app threw an object that cannot be read, is
 * written again with a description of that object. The first line that fails for good is reported on stderr.
 */
export function guardedLog(log: Log): Log {
  if (log === SILENT_LOG) return log
  let isReported = false
  const report = (error: unknown): void => {
    if (isReported) return
    isReported = true
    process.stderr.write(`isthmus: the log of the server fails: ${describeThrown(error)}\n`)
  }
  const guarded = (level: keyof Log): LogLine => {
    return (fields, message) => {
      try {
        watched(log[level](fields, message), report)
      } catch (error) {
        writeAgain(log, { level, fields, message, error }, report)
      }
    }
  }
  return {
    debug: guarded('debug'),
    info: guarded('info'),
    warn: guarded('warn'),
    error: guarded('error'),
  }
}

interface FailedLine {
  level: keyof Log
  fields: Record<string, unknown>
  message: string
  error: unknown
}

function writeAgain(log: Log, line: FailedLine, report: (error: unknown) => void): void {
  const { level, fields, message, error } = line
  if (!('err' in fields)) return report(error)
  try {
    const err = new Error(describeThrown(fields['err']), { cause: describeThrown(error) })
    watched(log[level]({ ...fields, err }, message), report)
  } catch {
    report(error)
  }
}

// A log whose methods are async functions reports its failure in a promise.
function watched(result: unknown, report: (error: unknown) => void): void {
  if (result instanceof Promise) result.catch(report)
}

/** A text for a value that an app threw, also for one whose properties cannot be read. */
export function describeThrown(value: unknown): string {
  try {
    return inspect(value, { depth: 2 })
  } catch {
    return 'a thrown object that cannot be read'
  }
}

const LEVELS = ['debug', 'info', 'warn', 'error'] as const

/**
 * Checks the option `log` of the function `name`.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for a value without the four functions
 */
export function checkLog(name: string, log: Log): void {
  if (log && LEVELS.every((level) => typeof log[level] === 'function')) return
  throw invalidOption(
    name,
    'log',
    log,
    'it has the functions debug, info, warn and error, or is null',
  )
}
