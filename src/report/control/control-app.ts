// The app of the control socket: the report and the metrics of a server, its reload, and the changes of its migrations.

import { getHeader } from '../../http/headers.ts'
import { answering, json } from '../answer.ts'
import { readChanges } from './migration-changes.ts'
import { Refusal } from './refusal.ts'
import type { ControlRequest } from '../../contract/control.ts'
import type { EventApp } from '../../contract/events.ts'
import type { MigrationReport } from '../../contract/report.ts'
import type { Answer } from '../answer.ts'
import type { Controlled } from './controlled.ts'
import type { MigrationChanges } from './migration-changes.ts'

type Handler = (controlled: Controlled, request: ControlRequest) => Promise<Answer>

const get = (handle: Handler): Record<string, Handler> => ({ GET: handle, HEAD: handle })
/** The handlers by path and method. */
const ROUTES: Record<string, Record<string, Handler>> = {
  '/report': get(async ({ report }) => json(200, await report())),
  '/workers': get(async ({ report }) => json(200, { workers: (await report()).workers })),
  '/metrics': get(({ metrics }) => metrics()),
  '/migrations': { PATCH: change },
  '/migrations/rollback': { POST: rollBack },
  '/reload': { POST: reload },
}
const REQUESTS =
  'GET /report, GET /workers, GET /metrics, PATCH /migrations?path=/orders, ' +
  'POST /migrations/rollback?path=/orders, POST /reload'

/** Makes the app of the control socket of a server. */
export function controlApp(controlled: Controlled): EventApp {
  return answering(async ({ method, path, queryString, headers }, body) => {
    const request = { method, path, queryString, headers, body: await body(), by: '' }
    return controlAnswer(controlled, request)
  })
}

/** The answer to one request. A refusal is JSON: `{ "error": "…" }` with the remedy. */
export async function controlAnswer(
  controlled: Controlled,
  request: ControlRequest,
): Promise<Answer> {
  try {
    const own = request.by === '' ? controlled : { ...controlled, by: request.by }
    return await handlerOf(request)(own, request)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return json(error.status, { error: error.message }, ...error.headers)
  }
}

function handlerOf({ path, method }: ControlRequest): Handler {
  const methods = Object.hasOwn(ROUTES, path) ? ROUTES[path] : undefined
  if (!methods) throw new Refusal(404, `there is no ${path}; the requests are ${REQUESTS}`)
  if (Object.hasOwn(methods, method)) return methods[method] as Handler
  const allowed = Object.keys(methods).join(', ')
  throw new Refusal(405, `${path} takes ${allowed}, and not ${method}`, ['allow', allowed])
}

async function change(controlled: Controlled, request: ControlRequest): Promise<Answer> {
  const path = await pathOf(controlled, request)
  requireJson(request)
  return changed(controlled, path, changesOf(request.body))
}

async function rollBack(controlled: Controlled, request: ControlRequest): Promise<Answer> {
  return changed(controlled, await pathOf(controlled, request), { share: 0 })
}

async function pathOf({ migrations }: Controlled, request: ControlRequest): Promise<string> {
  const paths = await migrations.paths()
  if (paths.length === 0) throw new Refusal(404, 'this server has no migration; see migrate()')
  const known = `the migrations are at ${paths.join(', ')}`
  const path = new URLSearchParams(request.queryString).get('path')
  if (path === null) throw new Refusal(400, `name the migration, as in ?path=/orders; ${known}`)
  if (!paths.includes(path)) throw new Refusal(404, `there is no migration at ${path}; ${known}`)
  return path
}

function requireJson({ headers }: ControlRequest): void {
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

// The change takes effect before it is noted: a rollback must not wait for a disk.
async function changed(
  { log, state, by, migrations }: Controlled,
  path: string,
  changes: MigrationChanges,
): Promise<Answer> {
  const after: MigrationReport = { path, ...(await migrations.set(path, changes)) }
  const kept: MigrationChanges = {
    ...(changes.share !== undefined && { share: after.share }),
    ...(changes.shadow !== undefined && { shadow: settingsOf(after) }),
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

const NOTHING =
  'nothing to reload: no app runs in threads or processes; restart the server, or serve with --workers'

async function reload({ reload: loadAnew }: Controlled): Promise<Answer> {
  if (!loadAnew) throw new Refusal(403, 'the server is reloaded by its control socket')
  const outcome = await loadAnew()
  const { workers, pools, errors } = outcome
  if (errors.length > 0) {
    const error = `the old code serves on: ${errors.join('\n')}`
    return json(500, { error, ...outcome })
  }
  return workers + pools > 0 ? json(200, outcome) : json(409, { error: NOTHING, ...outcome })
}

function settingsOf({ shadow }: MigrationReport): NonNullable<MigrationChanges['shadow']> | null {
  return shadow && { rate: shadow.rate, baseline: shadow.baseline }
}
