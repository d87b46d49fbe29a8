// The process that hosts the app for isthmus bench, and reports its CPU time and the load of its event loop.

import { resolve } from 'node:path'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { pathToFileURL } from 'node:url'
import { importExports } from '../../bridge/app-module.ts'
import { styleOf } from '../../bridge/style.ts'
import { AppLoadError } from '../../errors.ts'
import { serve } from '../../server/serve.ts'
import { unwrapped } from '../load-failure.ts'
import { loadMounted } from '../load-mounted.ts'
import { RESOLUTION_MS, standstillOf } from './standstill.ts'
import type { AppSpec } from '../app-spec.ts'
import type { Server } from '../../server/serve.ts'
import type { FromHost, Mounted, ToHost, Usage } from './messages.ts'
import type { NamedApps } from '../load-mounted.ts'

const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
let server: Server | undefined
let cpuBefore = process.cpuUsage()
let loopBefore = performance.eventLoopUtilization()

process.on('disconnect', () => process.exit(1))
process.on('message', (message: ToHost) => {
  handle(message).catch((thrown: unknown) => {
    const error = unwrapped(thrown)
    const isUsage = error instanceof AppLoadError && !Object.hasOwn(error, 'cause')
    report({
      type: 'failed',
      message: error instanceof Error ? error.message : String(error),
      isUsage,
    })
  })
})

async function handle(message: ToHost): Promise<void> {
  switch (message.type) {
    case 'open':
      return open(message.apps)
    case 'begin':
      delay.enable()
      delay.reset()
      cpuBefore = process.cpuUsage()
      loopBefore = performance.eventLoopUtilization()
      return report({ type: 'begun' })
    case 'read':
      return report({ type: 'usage', ...usage(message.requests) })
    case 'close':
      await server?.close({ graceMs: 0 })
      return process.exit()
  }
}

async function open(apps: NamedApps): Promise<void> {
  const app = await loadMounted(apps)
  server = await serve(app, {
    port: 0,
    log: null,
    sync: { inlineThreads: apps.threads === 0 },
  })
  // With threads, this process does not import the module of a `threads:` app.
  const mounts = apps.threads === 0 ? await allStylesOf(apps) : []
  report({ type: 'listening', url: server.url, mounts })
}

async function allStylesOf({ app, mounts }: NamedApps): Promise<Mounted[]> {
  const all = await stylesOf(app, '')
  for (const [prefix, spec] of mounts) all.push(...(await stylesOf(spec, prefix)))
  return all
}

async function stylesOf(spec: AppSpec, prefix: string): Promise<Mounted[]> {
  if (spec.place === 'python' || spec.place === 'remote')
    return [{ prefix: prefix || '/', style: 'events' }]
  const { style } = spec
  if (style === 'node' || style === 'fetch') return [{ prefix: prefix || '/', style: 'events' }]

  const exports = await importExports(pathToFileURL(resolve(spec.file)).href)
  const exported: unknown = Reflect.get(exports, spec.exportName)
  if (typeof exported === 'function') {
    return [{ prefix: prefix || '/', style: style ?? styleOf(exported).style }]
  }
  return Object.entries(exported as object).map(([key, app]) => ({
    prefix: (prefix + key).replace(/(.)\/$/, '$1'),
    style: styleOf(app).style,
  }))
}

function usage(requests: number): Usage {
  const { user, system } = process.cpuUsage(cpuBefore)
  return {
    cpuMs: (user + system) / 1000,
    loopMs: performance.eventLoopUtilization(loopBefore).active,
    standstillMs: standstillOf(delay, requests),
    longestMs: Math.max(0, delay.max / 1e6 - RESOLUTION_MS),
  }
}

function report(message: FromHost): void {
  process.send?.(message)
}
