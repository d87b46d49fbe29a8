// Requests to the apps of a command line, under lint(), on a free port of the loopback interface.

import { lint } from '../../lint/lint.ts'
import { serve } from '../../server/serve.ts'
import { loadMounted, poolsOf } from '../load-mounted.ts'
import type { Log } from '../../contract/log.ts'
import type { ServeCommand } from '../args.ts'

/** One request and its answer. */
export interface CheckedRequest {
  path: string
  status: number
  ms: number
  /** The errors that the log got meanwhile, such as breaches of the contract. */
  errors: string[]
}

const DEADLINE_MS = 30_000
const FIRST_SERVER_ERROR = 500

/** Whether the app has failed. */
export function hasFailed({ status, errors }: CheckedRequest): boolean {
  return status >= FIRST_SERVER_ERROR || errors.length > 0
}

/**
 * Starts the apps as `isthmus serve` does, asks for each path with GET, and shuts the apps down.
 *
 * @throws {@link AppLoadError} (`ISTHMUS_APP_LOAD`) or {@link LifespanError} (`ISTHMUS_LIFESPAN_FAILED`) for an app that
 *   does not start
 */
export async function checkRequests(
  command: ServeCommand,
  paths: readonly string[],
): Promise<CheckedRequest[]> {
  if (paths.length === 0) return []
  const errors: string[] = []
  const app = lint(await loadMounted(command, poolsOf(command)))
  await using server = await serve(app, { ...servedAlone(command), log: logInto(errors) })
  const answers: CheckedRequest[] = []
  for (const path of paths) answers.push(await answerTo(server.url, path, errors))
  return answers
}

// The place and the protocol of the real server may not be reachable for a request over HTTP.
function servedAlone({ options, threads }: ServeCommand): ServeCommand['options'] & object {
  const sync = { ...options.sync, inlineThreads: threads === 0 }
  const place = { host: '127.0.0.1', port: 0, uds: null, udsMode: null, udsOwner: null, fd: null }
  return { ...options, ...place, sync, protocol: 'http', proxyProtocol: 'off' }
}

async function answerTo(url: string, path: string, errors: string[]): Promise<CheckedRequest> {
  const since = performance.now()
  const signal = AbortSignal.timeout(DEADLINE_MS)
  const response = await fetch(url + path, { redirect: 'manual', signal })
  await response.arrayBuffer()
  const ms = Math.round(performance.now() - since)
  return { path, status: response.status, ms, errors: errors.splice(0) }
}

function logInto(errors: string[]): Log {
  const ignore = (): void => undefined
  const error: Log['error'] = ({ err }, message) => {
    errors.push(err instanceof Error ? `${message}: ${err.message}` : message)
  }
  return { debug: ignore, info: ignore, warn: ignore, error }
}
