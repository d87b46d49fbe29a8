// isthmus cgi: answers one request from the environment and the standard input to the standard output, and ends.

import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { InvalidOptionError } from '../../errors.ts'
import { answerCgi, writeFailure } from '../../server/cgi/answer-cgi.ts'
import { stderrLog } from '../../server/stderr-log.ts'
import { exit, watchThreads } from '../exit.ts'
import { loadApp } from '../load-app.ts'
import { FAILED, reportFailure } from '../report-failure.ts'
import type { Writable } from 'node:stream'
import type { Log } from '../../contract/log.ts'
import type { CgiCommand } from '../args.ts'

/**
 * Answers, and ends the process: with 0 after a whole response, with 1 after a broken one or a failure. A sync app runs on
 * the event loop, because a process for one request has no other one to hold up.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) if the environment is not that of CGI
 */
export async function cgiCommand(command: CgiCommand): Promise<void> {
  const environment = { ...process.env }
  if (environment['REQUEST_METHOD'] === undefined) {
    throw new InvalidOptionError(
      'isthmus cgi answers a web server, which sets REQUEST_METHOD and further variables; serve the app with isthmus serve',
    )
  }
  forgetFields()
  const output = takeOutput()
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort())
  watchThreads()
  const { app, options } = command
  const { logLevel, ...settings } = options
  const streams = { input: process.stdin, output }
  const parts = { ...streams, environment, signal: stop.signal, log: quietLog(stderrLog(logLevel)) }
  const status = await loadApp(app, 0)
    .then(
      async (loaded) => {
        const answered = answerCgi(loaded, parts, { ...settings, sync: { inlineThreads: true } })
        return (await answered) ? 0 : FAILED
      },
      (error: unknown) => failed(error, streams),
    )
    .catch((error: unknown) => failed(error, streams))
  await ended(output)
  exit(status)
}

function failed(
  error: unknown,
  streams: { input: typeof process.stdin; output: Writable },
): number {
  writeFailure(streams)
  return reportFailure(error, false) && FAILED
}

// A field `Proxy` of the client becomes HTTP_PROXY, which many programs read as the address of their proxy (CVE-2016-5385).
function forgetFields(): void {
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('HTTP_')) Reflect.deleteProperty(process.env, name)
  }
}

// A process for one request has no other one that an inline app could hold up.
function quietLog(log: Log): Log {
  return {
    debug: (fields, message) => log.debug(fields, message),
    info: (fields, message) => log.info(fields, message),
    warn: (fields, message) => {
      if (!('heldMs' in fields)) log.warn(fields, message)
    },
    error: (fields, message) => log.error(fields, message),
  }
}

/** The standard output for the response alone: text that the app prints goes to the log of the web server. */
function takeOutput(): Writable {
  const output = createWriteStream('', { fd: 1, autoClose: false })
  process.stdout.write = process.stderr.write.bind(process.stderr)
  return output
}

async function ended(output: Writable): Promise<void> {
  if (output.destroyed) return
  output.end()
  await finished(output).catch(() => undefined)
}
