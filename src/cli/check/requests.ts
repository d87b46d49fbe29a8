// Requests to the apps of a command line, under lint(), on a free port of the loopback interface.

import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { lint } from '../../lint/lint.ts'
import { serve } from '../../server/serve.ts'
import { loadMounted, poolsOf } from '../load-mounted.ts'
import type { Log } from '../../contract/log.ts'
import type { AppSpec } from '../app-spec.ts'
import type { ServeCommand } from '../args.ts'
import type { linted } from './linted-app.ts'
import type { CheckedMount } from './mounts.ts'
import type { NamedApps } from '../load-mounted.ts'

/** One request and its answer. */
export interface CheckedRequest {
  path: string
  /** The path of the mount that has answered. */
  mount: string
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
  mounts: readonly CheckedMount[],
): Promise<CheckedRequest[]> {
  if (paths.length === 0) return []
  const errors: string[] = []
  // The outer check is for the apps that run elsewhere.
  const app = lint(await loadMounted(lintedApps(command), poolsOf(command)))
  await using server = await serve(app, { ...servedAlone(command), log: logInto(errors) })
  const answers: CheckedRequest[] = []
  for (const path of paths) {
    const answer = await answerTo(server.url, path, errors)
    answers.push({ path, mount: mountOf(path, mounts), ...answer })
  }
  return answers
}

function lintedApps({ app, mounts, threads }: ServeCommand): NamedApps {
  return { app: underLint(app), mounts: mounts.map(([at, one]) => [at, underLint(one)]), threads }
}

interface LintedModule {
  linted: typeof linted
}

const LINTED: keyof LintedModule = 'linted'

function underLint(spec: AppSpec): AppSpec {
  if (!('file' in spec)) return spec
  const url = new URL('./linted-app.js', import.meta.url)
  url.searchParams.set('url', pathToFileURL(resolve(spec.file)).href)
  url.searchParams.set('export', spec.exportName)
  if (spec.style !== null) url.searchParams.set('style', spec.style)
  return { ...spec, style: null, exportName: LINTED, url: url.href }
}

// The longest path wins, as in mount().
function mountOf(asked: string, mounts: readonly CheckedMount[]): string {
  const [target = asked] = asked.split('?', 1)
  const isUnder = ({ path }: CheckedMount): boolean =>
    path === '/' || target === path || target.startsWith(`${path}/`)
  const [mount] = mounts.filter(isUnder).toSorted((a, b) => b.path.length - a.path.length)
  return mount?.path ?? '/'
}

// The place and the protocol of the real server may not be reachable for a request over HTTP.
function servedAlone({ options, threads }: ServeCommand): ServeCommand['options'] & object {
  const sync = { ...options.sync, inlineThreads: threads === 0 }
  const place = { host: '127.0.0.1', port: 0, uds: null, udsMode: null, udsOwner: null, fd: null }
  return { ...options, ...place, sync, protocol: 'http', proxyProtocol: 'off' }
}

type Answer = Omit<CheckedRequest, 'path' | 'mount'>

async function answerTo(url: string, path: string, errors: string[]): Promise<Answer> {
  const since = performance.now()
  const signal = AbortSignal.timeout(DEADLINE_MS)
  const response = await fetch(url + path, { redirect: 'manual', signal })
  await response.arrayBuffer()
  const ms = Math.round(performance.now() - since)
  return { status: response.status, ms, errors: errors.splice(0) }
}

function logInto(errors: string[]): Log {
  const ignore = (): void => undefined
  const error: Log['error'] = ({ err }, message) => {
    errors.push(err instanceof Error ? `${message}: ${err.message}` : message)
  }
  return { debug: ignore, info: ignore, warn: ignore, error }
}
