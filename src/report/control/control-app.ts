// The app of the control socket: the report and the metrics of a server, and the changes of its migrations.

import { getHeader } from '../../http/headers.ts'
import { answering, json } from '../answer.ts'
import { metricsAnswer } from '../metrics/metrics-answer.ts'
import { readChanges } from './migration-changes.ts'
import type { EventApp, HeaderPairs, HttpScope } from '../../contract/events.ts'
import type { Log } from '../../contract/log.ts'
import type { MigrationReport, Report } from '../../contract/report.ts'
import type { Answer } from '../answer.ts'
import type { LiveMigration, LiveMigrations } from './live-migration.ts'
import type { MigrateState } from './migrate-state.ts'
import type { MigrationChanges } from './migration-changes.ts'

/** A server that the control socket shows and changes. */
export interface Controlled {
  report: () => Report
  migrations: LiveMigrations
  /** The file that keeps the changes; null keeps none. */
  state: MigrateState | null
  /** The source of the changes, for the log. Default `the control socket`. */
  by?: string
  log: Log
}

type Handler = (
  controlled: Controlled,
  scope: HttpScope,
  body: () => Promise<string>,
) => Answer | Promise<Answer>

const get = (handle: Handler): Record<string, Handler> => ({ GET: handle, HEAD: handle })
/** The handlers by path and method. */
const ROUTES: Record<string, Record<string, Handler>> = {
  '/report': get(({ report }) => json(200, report())),
  '/metrics': get(async ({ report }) => metricsAnswer(report())),
  '/migrations': { PATCH: change },
  '/migrations/rollback': { POST: rollBack },
}
const REQUESTS =
  'GET /report, GET /metrics, PATCH /migrations?path=/orders, POST /migrations/rollback?path=/orders'

/** Makes the app of the control socket of a server. A refusal is JSON: `{ "error": "…" }` with the remedy. */
export function controlApp(controlled: Controlled): EventApp {
  return answering(async (scope, body) => {
    try {
      return await handlerOf(scope)(controlled, scope, body)
    } catch (error) {
      if (error instanceof Refusal)
        return json(error.status, { error: error.message }, ...error.headers)
      throw error
    }
  })
}

/** A request that gets no answer; the message names the remedy. */
class Refusal extends Error {
  readonly status: number
  readonly headers: HeaderPairs

  constructor(status: number, message: string, ...headers: HeaderPairs) {
    super(message)
    this.status = status
    this.headers = headers
  }
}

function handlerOf({ path, method }: HttpScope): Handler {
  const methods = Object.hasOwn(ROUTES, path) ? ROUTES[path] : undefined
  if (!methods) throw new Refusal(404, `there is no ${path}; the requests are ${REQUESTS}`)
  if (Object.hasOwn(methods, method)) return methods[method] as Handler
  const allowed = Object.keys(methods).join(', ')
  throw new Refusal(405, `${path} takes ${allowed}, and not ${method}`, ['allow', allowed])
}

async function change(
  controlled: Controlled,
  scope: HttpScope,
  body: () => Promise<string>,
): Promise<Answer> {
  const found = findMigration(controlled.migrations, scope)
  requireJson(scope)
  const changes = changesOf(await body())
  found.migration.set(changes)
  return changed(controlled, found, changes)
}

async function rollBack(controlled: Controlled, scope: HttpScope): Promise<Answer> {
  const found = findMigration(controlled.migrations, scope)
  found.migration.rollback()
  return changed(controlled, found, { share: 0 })
}

interface Found {
  path: string
  migration: LiveMigration
}

function findMigration(migrations: LiveMigrations, scope: HttpScope): Found {
  if (migrations.size === 0) throw new Refusal(404, 'this server has no migration; see migrate()')
  const known = `the migrations are at ${[...migrations.keys()].join(', ')}`
  const path = new URLSearchParams(scope.queryString).get('path')
  if (path === null) throw new Refusal(400, `name the migration, as in ?path=/orders; ${known}`)
  const migration = migrations.get(path)
  if (!migration) throw new Refusal(404, `there is no migration at ${path}; ${known}`)
  return { path, migration }
}

function requireJson({ headers }: HttpScope): void {
  const type = getHeader(headers, 'content-type') ?? ''
  if (/^application\/json *(?:;|$)/i.test(type)) return
  throw new Refusal(415, 'the changes are JSON: send content-type: application/json (curl --json)')
}

function changesOf(text: string): MigrationChanges {
  try {
    return readChanges(JSON.parse(text))
  } catch (error) {
    const { message } = error as Error
    throw new Refusal(
      400,
      error instanceof SyntaxError ? `the body is no JSON: ${message}` : message,
    )
  }
}

// The change has taken effect already: a rollback must not wait for a disk.
async function changed(
  { log, state, by = 'the control socket' }: Controlled,
  { path, migration }: Found,
  { share, shadow }: MigrationChanges,
): Promise<Answer> {
  const after: MigrationReport = { path, ...migration.report() }
  const kept: MigrationChanges = {
    ...(share !== undefined && { share: after.share }),
    ...(shadow !== undefined && { shadow: settingsOf(after) }),
  }
  log.info({ path, ...kept }, `${by} has changed the migration at ${path}`)
  try {
    await state?.note(path, kept)
  } catch (error) {
    log.error({ err: error, path }, 'the change of a migration is not in the state file')
    const reason = (error as Error).message
    throw new Refusal(500, `the change has taken effect, but a restart does not keep it: ${reason}`)
  }
  return json(200, after)
}

function settingsOf({ shadow }: MigrationReport): NonNullable<MigrationChanges['shadow']> | null {
  return shadow && { rate: shadow.rate, baseline: shadow.baseline }
}
