// A failure of the command line: one line on stderr that names the reason and the remedy, and an exit status.

import { inspect } from 'node:util'
import { AppLoadError, InvalidOptionError, LifespanError } from '../errors.ts'
import { unwrapped } from './load-failure.ts'
import { ownStack } from './throw-site.ts'

/** The exit status of a failure: the app did not load or start, or the server could not listen. */
export const FAILED = 1
/** The exit status of a wrong command line: a wrong option, or a file or export that does not exist. */
const WRONG_USAGE = 2

/** A failure as the user sees it. */
export interface Failure {
  /** The sentence, and the stack in the lines after it. */
  readonly text: string
  /** The exit status. */
  readonly status: number
}

/** Writes `isthmus: …` to stderr, as {@link failureOf} describes it. Returns the exit status. */
export function reportFailure(thrown: unknown, withStack: boolean): number {
  const { text, status } = failureOf(thrown, withStack)
  process.stderr.write(`isthmus: ${text}\n`)
  return status
}

/**
 * Describes a failure in one line. The stack of the app's own error follows if that is the cause, or all stacks if
 * `withStack`.
 */
export function failureOf(thrown: unknown, withStack: boolean): Failure {
  const error = unwrapped(thrown)
  const sentence = sentenceOf(error).replaceAll(/\s+/g, ' ')
  const stack = withStack ? inspect(error) : stackOfCause(error)
  const text = stack === undefined ? sentence : `${sentence}\n${stack}`
  return { text, status: isWrongUsage(error) ? WRONG_USAGE : FAILED }
}

function stackOfCause(error: unknown): string | undefined {
  if (!(error instanceof AppLoadError || error instanceof LifespanError)) return undefined
  let cause: unknown = error
  for (let depth = 0; depth < MAX_CAUSES && isCaused(cause); depth += 1) cause = cause.cause
  return cause instanceof Error && cause !== error ? ownStack(cause) : undefined
}

const MAX_CAUSES = 8

function isCaused(error: unknown): error is Error {
  return error instanceof Error && error.cause instanceof Error
}

// An AppLoadError has a cause if the module threw, and none if the file or the export does not exist.
function isWrongUsage(error: unknown): boolean {
  if (error instanceof AppLoadError) return !Object.hasOwn(error, 'cause')
  return error instanceof InvalidOptionError
}

function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return `failed with ${inspect(error)}`
  if (error instanceof LifespanError) return `the app did not start: ${error.message}`
  return listenFailure(error) ?? error.message
}

interface SystemError extends NodeJS.ErrnoException {
  address?: string
  port?: number
  hostname?: string
  fd?: number
  /** The flag that named the address, if that is none of `--host`, `--port` and `--uds`. */
  flag?: string
}

function listenFailure(error: SystemError): string | undefined {
  if (error.syscall === 'getaddrinfo') {
    return `${error.hostname ?? 'the host'} is no known address; choose another --host`
  }
  if (error.syscall !== 'listen') return undefined
  if (error.fd !== undefined) {
    return `--fd ${error.fd} is no inherited listening socket (${error.code}); the parent process has to pass one`
  }
  const { address = '', port = -1 } = error
  if (port < 0) return socketFailure(error.code, address, error.flag ?? '--uds')
  const where = `${address.includes(':') ? `[${address}]` : address}:${port}`
  return portFailure(error.code, where, error.flag ?? '--port', error.flag ?? '--host')
}

function socketFailure(code: string | undefined, path: string, flag: string): string | undefined {
  switch (code) {
    case 'EADDRINUSE':
      return `${path} is in use; choose another ${flag}, or remove the file if no server uses it`
    case 'EACCES':
      return `${path} cannot be made: there is no such folder, or it is not writable; choose another ${flag}`
    default:
      return undefined
  }
}

function portFailure(
  code: string | undefined,
  where: string,
  portFlag: string,
  hostFlag: string,
): string | undefined {
  switch (code) {
    case 'EADDRINUSE':
      return `${where} is in use; choose another ${portFlag}, or 0 for a free one`
    case 'EACCES':
      return `${where} needs a privileged user; choose a ${portFlag} from 1024`
    case 'EADDRNOTAVAIL':
      return `${where} is no address of this machine; choose another ${hostFlag}`
    default:
      return undefined
  }
}
