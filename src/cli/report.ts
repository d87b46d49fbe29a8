// How the command line fails: one line on stderr that names the thing and the remedy, and an exit status.

import { inspect } from 'node:util'
import { AppLoadError, InvalidOption } from '../errors.ts'

/** Exit status of a failure: the app did not load or start, or the server could not listen. */
export const FAILED = 1
/** Exit status of a command line that is wrong, be it in an option or in the file or export it names. */
export const WRONG_USAGE = 2

/** Writes `isthmus: …` to stderr, at `withStack` the stack below, and returns the exit status. */
export function reportFailure(error: unknown, withStack: boolean): number {
  process.stderr.write(`isthmus: ${sentenceOf(error).replaceAll(/\s+/g, ' ')}\n`)
  if (withStack) process.stderr.write(`${inspect(error)}\n`)
  return isWrongUsage(error) ? WRONG_USAGE : FAILED
}

// An AppLoadError without a cause names what is not there; with one, the module itself threw.
function isWrongUsage(error: unknown): boolean {
  if (error instanceof AppLoadError) return error.cause === undefined
  return error instanceof InvalidOption
}

function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return `failed with ${inspect(error)}`
  return listenFailure(error) ?? error.message
}

function listenFailure(
  error: NodeJS.ErrnoException & { address?: string; port?: number },
): string | undefined {
  if (error.syscall !== 'listen') return undefined

  const { address = '', port } = error
  const isSocket = port === undefined || port < 0
  const where = isSocket ? address : `${address.includes(':') ? `[${address}]` : address}:${port}`
  switch (error.code) {
    case 'EADDRINUSE':
      return isSocket
        ? `${where} is in use; choose another --uds, or remove the file if no server is left behind it`
        : `${where} is in use; choose another --port, or 0 for a free one`
    case 'EACCES':
      return `${where} may not be listened on by this user; choose ${isSocket ? 'another --uds' : 'a --port from 1024'}`
    case 'EADDRNOTAVAIL':
      return `${where} is no address of this machine; choose another --host`
    default:
      return undefined
  }
}
