#!/usr/bin/env node
// The isthmus command: reads the command line and runs the command. A failure is one line on stderr and an exit status.

import { AppLoadError } from '../errors.ts'
import { namesPlace, readCommand } from './args.ts'
import { NO_CONFIG } from './config/config-values.ts'
import { readConfig } from './config/read-config.ts'
import { SPARE_VARIABLE } from './development/messages.ts'
import { exit } from './exit.ts'
import { takeListenFd } from './service-manager.ts'
import { Lifecycle } from './lifecycle.ts'
import { parseTexts } from './parser.ts'
import { failureOf, reportFailure } from './report-failure.ts'
import { masterOf } from './serve/master-link.ts'
import type { Command, ServeCommand } from './args.ts'
import type { Parsed } from './parser.ts'
import type { ConfigValues } from './config/config-values.ts'

const ignore = (): void => undefined
// The process that reads our output may have ended (EPIPE); the server continues without it.
process.stdout.on('error', ignore)
process.stderr.on('error', ignore)

let withStack = false
const master = masterOf(process)
const fail = (error: unknown): void => {
  if (master) return master.fail(failureOf(error, withStack), exit)
  exit(reportFailure(error, withStack))
}

main().catch(fail)

async function main(): Promise<void> {
  const parsed = parseTexts(process.argv.slice(2))
  process.once('uncaughtException', crashed)
  process.once('beforeExit', stuck)
  const life = new Lifecycle()
  // The configuration file may run code, and process 1 of a container gets no signal without a handler.
  if (hasConfig(parsed)) govern(life)
  if (master) await waitAsSpare()
  const config = hasConfig(parsed) ? await serveConfig(parsed) : NO_CONFIG
  const command = readCommand(parsed, process.env, config)
  if (command.type === 'serve') await runServe(command, life)
  process.off('uncaughtException', crashed)
  process.off('beforeExit', stuck)
  if (command.type !== 'serve') await runOther(command)
}

// A socket of systemd wins over the place in the file, and any place on the command line wins over the socket.
async function serveConfig(parsed: Parsed): Promise<ConfigValues> {
  const isPlaceNamed = namesPlace(parsed.given, process.env)
  const fd = takeListenFd(process.env, process.pid, isPlaceNamed)
  const config = await readConfig(parsed, process.env)
  if (fd === null) return config
  return { ...config, groups: { ...config.groups, server: { ...config.groups.server, fd } } }
}

function govern(life: Lifecycle): void {
  if (master) master.govern(life)
  else life.handleSignals()
}

function hasConfig({ command, printed }: Parsed): boolean {
  return (command === 'serve' || command === 'check') && printed === ''
}

// The imports are dynamic so that help and version do not load the server.
async function runOther(command: Exclude<Command, ServeCommand>): Promise<void> {
  if (command.type === 'print') return void process.stdout.write(`${command.text}\n`)

  if (command.type === 'check') {
    const { readTls } = await import('./serve/tls-files.ts')
    const { layersOf } = await import('./serve/layers.ts')
    const { checkCommand } = await import('./check/command.ts')
    layersOf(command.serve)
    return checkCommand(command.serve, {
      tls: readTls(command.serve.tls),
      asJson: command.json,
      requests: command.requests,
    })
  }
  if (command.type === 'bench') {
    const { benchCommand } = await import('./bench/command.ts')
    return benchCommand(command)
  }
  if (command.type === 'cgi') {
    const { cgiCommand } = await import('./cgi/command.ts')
    return cgiCommand(command)
  }
  if (command.type === 'report' && command.open) {
    const { pageCommand } = await import('./report/page/command.ts')
    return pageCommand(command.control)
  }
  if (command.type === 'report') {
    const { reportCommand } = await import('./report/command.ts')
    return reportCommand(command)
  }
  if (command.type === 'reload') {
    const { reloadCommand } = await import('./reload-command.ts')
    return reloadCommand(command)
  }
  if (command.type === 'migrate') {
    const { migrateCommand } = await import('./migrate/command.ts')
    return migrateCommand(command)
  }
}

async function runServe(command: ServeCommand, life: Lifecycle): Promise<void> {
  withStack = command.logLevel === 'debug'
  if (command.reload.reload && !master) {
    const { readTls } = await import('./serve/tls-files.ts')
    const { developmentCommand } = await import('./development/command.ts')
    return developmentCommand(command, readTls(command.tls), life)
  }
  const { workers } = command.workers
  if (workers !== null && master === null) {
    const { masterCommand } = await import('./master/command.ts')
    return masterCommand(command, workers, life)
  }
  const { serveCommand } = await import('./serve/command.ts')
  await serveCommand(command, life, master)
}

// A development server has a process that has loaded everything except for the app.
async function waitAsSpare(): Promise<void> {
  if (process.env[SPARE_VARIABLE] === undefined) return
  const { orderToLoad } = await import('./development/spare.ts')
  await import('./serve/command.ts')
  await orderToLoad(process)
}

function crashed(error: unknown): void {
  const message = `an uncaught exception was thrown while the app loaded: ${String(error)}`
  fail(new AppLoadError(message, { cause: error }))
}

function stuck(): void {
  fail(
    new Error(
      'the app did not finish loading: a promise that it awaits at top level never settles',
    ),
  )
}
