// An app of Python in processes, with the failures of its loading in the words of the command line.

import { statSync } from 'node:fs'
import { handOnFacts } from '../bridge/app-facts.ts'
import { events } from '../bridge/style.ts'
import { AppLoadError, InvalidOptionError } from '../errors.ts'
import { python } from '../hosting/python.ts'
import { nameOfSpec } from './app-spec.ts'
import { asNamed } from './load-failure.ts'
import { isOfPython } from './throw-site.ts'
import type { EventApp, SendEvent } from '../contract/events.ts'
import type { PythonOptions } from '../hosting/gateway/process/python-settings.ts'
import type { PythonSpec } from './app-spec.ts'

/**
 * Hosts the app of `spec` in a pool with these `options`.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) if the folder of the modules is none
 */
export function pythonApp(spec: PythonSpec, options: PythonOptions): EventApp {
  requireFolder(options.cwd)
  const app = python(spec.app, options)
  const hosted = events(function hostedInPython(scope, receive, send) {
    if (scope.type !== 'lifespan') return app(scope, receive, send)
    return app(scope, receive, (event) => send(named(event, spec)))
  })
  return handOnFacts(hosted, app)
}

// The system reports a folder that is not there as a program that is not there.
function requireFolder(path: string | undefined): void {
  if (path === undefined || statSync(path, { throwIfNoEntry: false })?.isDirectory()) return
  throw new InvalidOptionError(`--python-cwd ${path} is not a folder`)
}

// The end of a process, and a failed lifespan of the app itself, are no failures of loading.
function named(event: SendEvent, spec: PythonSpec): SendEvent {
  if (event.type !== 'lifespan.startup.failed') return event
  const error = event['isthmus.error']
  if (!(error instanceof AppLoadError)) return event
  const message = `cannot load ${nameOfSpec(spec)}: ${sentenceOf(error, spec)}`
  // Without a traceback the command line names a program, a module or an attribute that is not there, or no app.
  const failure = asNamed(new AppLoadError(message, isOfPython(error) ? { cause: error } : {}))
  return { ...event, message: failure.message, 'isthmus.error': failure }
}

// The name of the app is the beginning of the line already.
function sentenceOf({ message }: AppLoadError, { app }: PythonSpec): string {
  if (message.startsWith(`${app}: `)) return message.slice(app.length + 2)
  return message.startsWith(`${app} `) ? `it${message.slice(app.length)}` : message
}
