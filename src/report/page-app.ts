// The app of the page: its files, and the requests that it makes.

import { answering, json } from './answer.ts'
import { pageFile } from './page-files.ts'
import { foreignChange } from './same-origin.ts'
import type { EventApp, HttpScope } from '../contract/events.ts'
import type { Answer } from './answer.ts'

/** The requests of the page, and the paths of the control socket for them. */
const READS = new Map([['report.json', '/report']])
const CHANGES = new Map([
  ['PATCH migrations', '/migrations'],
  ['POST migrations/rollback', '/migrations/rollback'],
])
const READ_ONLY = 'this page is read only; report({ control: true }) allows changes'

/**
 * Makes the app of the page. It answers below any path.
 *
 * @param data answers `/report`, `/migrations` and `/migrations/rollback` as the control socket does
 * @param control whether the page offers changes; false answers them with 403
 */
export function pageApp(data: EventApp, control: boolean): EventApp {
  const own = answering((scope) => ownAnswer(scope, control))
  return async function reportPage(scope, receive, send) {
    const path = scope.type === 'http' ? dataPath(scope, control) : undefined
    if (scope.type !== 'http' || path === undefined) return own(scope, receive, send)
    return data({ ...scope, path, rawPath: path, rootPath: '' }, receive, send)
  }
}

/** The path at which `data` answers; undefined for an answer of the page itself. */
function dataPath(scope: HttpScope, control: boolean): string | undefined {
  const name = nameOf(scope) ?? ''
  if (isRead(scope)) return READS.get(name)
  const path = CHANGES.get(`${scope.method} ${name}`)
  return control && foreignChange(scope.headers) === undefined ? path : undefined
}

async function ownAnswer(scope: HttpScope, control: boolean): Promise<Answer> {
  const name = nameOf(scope)
  if (name === undefined) return toFolder(scope)
  if (CHANGES.has(`${scope.method} ${name}`)) {
    return json(403, { error: control ? foreignChange(scope.headers) : READ_ONLY })
  }

  if (!isRead(scope)) {
    const error = `the page takes GET and HEAD at ${scope.path}, and not ${scope.method}`
    return json(405, { error }, ['allow', 'GET, HEAD'])
  }
  const file = await pageFile(name, control)
  return file ?? json(404, { error: `the page has no file ${name}` })
}

function isRead({ method }: HttpScope): boolean {
  return method === 'GET' || method === 'HEAD'
}

/** The path below the page; undefined for the page without the slash at its end. */
function nameOf({ path, rootPath }: HttpScope): string | undefined {
  const below = path.slice(rootPath.length)
  return below.startsWith('/') ? below.slice(1) : undefined
}

// The links of the page are relative to its folder. This one is relative too, for proxies that take a prefix away.
function toFolder({ path }: HttpScope): Answer {
  const folder = encodeURIComponent(path.slice(path.lastIndexOf('/') + 1))
  return { status: 307, headers: [['location', `${folder}/`]], body: '' }
}
