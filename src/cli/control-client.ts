// The client of the control socket of a server.

import { once } from 'node:events'
import { request } from 'node:http'
import { isObject } from '../complete-options.ts'
import { InvalidOptionError } from '../errors.ts'
import type { IncomingMessage } from 'node:http'

const DEADLINE_MS = 10_000

/** A request to the control socket. */
interface ControlRequest {
  method: 'GET' | 'PATCH' | 'POST'
  target: string
  /** Is sent as JSON. */
  body?: unknown
  /** A member of the answer, which tells it from the JSON of another server. */
  member?: string
}

/**
 * Asks the server that has the control socket at `path`, and returns its answer, which was JSON.
 *
 * @param deadlineMs the time until the answer, in ms. Default ten seconds
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) without a path, and Error with one line that names the
 *   remedy if no server answers, or if the server refuses
 */
export async function askControl(
  path: string | null,
  asked: ControlRequest,
  deadlineMs: number = DEADLINE_MS,
): Promise<unknown> {
  if (path === null) {
    throw new InvalidOptionError(
      'no control socket is named: give the --control PATH of the server, or set ISTHMUS_CONTROL',
    )
  }
  const { status, text } = await exchange(path, asked, deadlineMs).catch((error: unknown) => {
    throw unreachable(path, error as NodeJS.ErrnoException)
  })
  const value = parse(text)
  const isControl = value !== null && (asked.member === undefined || asked.member in value)
  if (status === 200 && isControl) return value
  const refusal = value?.['error']
  throw new Error(typeof refusal === 'string' ? refusal : `${path} ${NO_CONTROL}`)
}

const NO_CONTROL =
  'is no control socket of isthmus; give the path of --control, and not that of --uds'

async function exchange(
  path: string,
  { method, target, body }: ControlRequest,
  deadlineMs: number,
): Promise<{ status: number; text: string }> {
  const signal = AbortSignal.timeout(deadlineMs)
  const text = body === undefined ? undefined : JSON.stringify(body)
  const headers = text === undefined ? {} : { 'content-type': 'application/json' }
  const sent = request({ socketPath: path, method, path: target, headers, agent: false, signal })
  sent.end(text)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  let answer = ''
  for await (const chunk of response.setEncoding('utf8')) answer += String(chunk)
  return { status: response.statusCode ?? 0, text: answer }
}

function parse(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}

function unreachable(path: string, error: NodeJS.ErrnoException): Error {
  return new Error(REASONS[error.code ?? '']?.(path) ?? `${path}: ${error.message}`)
}

const REASONS: Record<string, (path: string) => string> = {
  ENOENT: (path) => `there is no ${path}; start the server with --control ${path}`,
  ECONNREFUSED: (path) => `no server listens on ${path}: it has ended, or the file is no socket`,
  ENOTSOCK: (path) => `${path} is no socket; give the path of --control`,
  EACCES: (path) => `${path} belongs to another user; run the command as the user of the server`,
  // A parser error of node:http begins with HPE.
  HPE_INVALID_CONSTANT: (path) => `${path} ${NO_CONTROL}`,
  ECONNRESET: (path) => `${path} ${NO_CONTROL}`,
  ABORT_ERR: (path) =>
    `the server at ${path} has not answered within ${DEADLINE_MS / 1000} s; its event loop may be blocked`,
}
