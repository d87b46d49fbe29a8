// One request of CGI: starts the app, serves the request, and shuts the app down.
// @see RFC 3875

import { asEventApp } from '../../bridge/as-event-app.ts'
import { PeerError } from '../../errors.ts'
import { openDispatcher } from '../open-dispatcher.ts'
import { refusal } from '../refusal.ts'
import { resolveOptions } from '../resolve-options.ts'
import { settlesWithin } from '../../waiting/settles-within.ts'
import { cgiHead } from './cgi-head.ts'
import { CgiTransport } from './cgi-transport.ts'
import { announcedLength } from './content-length.ts'
import type { HostedApp } from '../../bridge/as-event-app.ts'
import type { Log } from '../../contract/log.ts'
import type { RequestHead } from '../../http/request-head.ts'
import type { Dispatcher } from '../dispatcher.ts'
import type { ServeOptions, Settings } from '../options.ts'
import type { CgiStreams } from './cgi-transport.ts'
import type { Variables } from './protocol.ts'

/** The environment of a process. */
type Environment = Readonly<Record<string, string | undefined>>

/** The parts of a CGI process. */
interface CgiProcess extends CgiStreams {
  environment: Environment
  /** Aborts when the web server ends the process. */
  signal: AbortSignal
  log: Log
}

const ENDS = { client: null, server: null, secure: false, tls: null }

/**
 * Answers the request that the environment and the input of a process tell. The web server sets `date` and `server`.
 *
 * @returns whether the response is whole
 * @throws {@link LifespanError} (`ISTHMUS_LIFESPAN_FAILED`) if the startup of the app fails; then there is no response
 */
export async function answerCgi(
  app: HostedApp,
  process: CgiProcess,
  options: ServeOptions = {},
): Promise<boolean> {
  const { environment, log } = process
  const own = { rootPath: environment['SCRIPT_NAME'] ?? '', rootPathMode: 'verify' as const }
  const identity = { serverHeader: null, dateHeader: false }
  const settings = resolveOptions({ ...own, ...options, ...identity }, log, 'cgi')
  const { dispatcher, lifespan } = await openDispatcher(asEventApp(app), settings)
  try {
    return await answer(dispatcher, process, settings)
  } finally {
    await lifespan.shutdown()
  }
}

async function answer(
  dispatcher: Dispatcher,
  process: CgiProcess,
  settings: Settings,
): Promise<boolean> {
  const { signal } = process
  const head = readHead(process.environment, settings)
  if (head instanceof PeerError) return refuse(dispatcher, process, head)
  const transport = new CgiTransport(process, head.contentLength ?? 0)
  transport.events = dispatcher.http(head, transport)
  const onAbort = (): void => {
    dispatcher.shutdown()
    transport.leave()
  }
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort)
  await idle(dispatcher, signal, settings.graceMs)
  signal.removeEventListener('abort', onAbort)
  return transport.isComplete
}

// An app may take as long as it needs, until the web server ends the process.
async function idle(dispatcher: Dispatcher, signal: AbortSignal, graceMs: number): Promise<void> {
  const whenIdle = dispatcher.idle()
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve())
  })
  await Promise.race([whenIdle, aborted])
  await settlesWithin(whenIdle, graceMs)
}

function refuse(dispatcher: Dispatcher, process: CgiProcess, fault: PeerError): boolean {
  const transport = new CgiTransport(process, 0)
  const peer = { remoteAddress: process.environment['REMOTE_ADDR'], remotePort: undefined }
  for (const part of dispatcher.refusal(fault, peer)) transport.write(part)
  return true
}

/** Writes the answer of a process whose app could not start. */
export function writeFailure(streams: CgiStreams): void {
  const transport = new CgiTransport(streams, 0)
  const identity = { server: null, date: () => null }
  for (const part of refusal(500, identity)) transport.write(part)
}

function readHead(environment: Environment, settings: Settings): RequestHead | PeerError {
  try {
    const variables = variablesOf(environment)
    const bodyLength = announcedLength(variables) ?? 0
    return cgiHead(variables, { ...settings, bodyLength, ends: ENDS, isScript: true })
  } catch (error) {
    if (error instanceof PeerError) return error
    throw error
  }
}

// Node reads the environment as UTF-8; a head has octets.
function variablesOf(environment: Environment): Variables {
  return Object.entries(environment).flatMap(([name, value]): Array<[string, string]> => {
    return value === undefined ? [] : [[name, Buffer.from(value).toString('latin1')]]
  })
}
