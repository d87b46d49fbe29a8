// isthmus report --open: the page of the report on the loopback interface.

import { setTimeout as sleep } from 'node:timers/promises'
import { pageApp } from '../../../report/page-app.ts'
import { serve } from '../../../server/serve.ts'
import { SILENT_LOG } from '../../../silent-log.ts'
import { readReport } from '../../read-report.ts'
import { controlForward } from './control-forward.ts'
import { guardedPage } from './loopback-guard.ts'
import { openBrowser } from './open-browser.ts'
import type { Server } from '../../../server/serve.ts'

const WATCH_MS = 5_000
/** A server that is deployed anew is back by then, and the page with it. */
const GONE_MS = 120_000

/**
 * Serves the page, writes its address to stdout and opens the browser. Returns when the server has been gone for two
 * minutes; Ctrl-C ends the process.
 *
 * @param control the path of the control socket
 */
export async function pageCommand(control: string | null): Promise<void> {
  // A wrong path fails here, and not in the browser.
  await readReport(control)
  const { server, url, urlForOnce } = await openPage(control)
  process.stdout.write(`the report is at ${url} until Ctrl-C\n`)
  openBrowser(urlForOnce)

  await untilGone(() => readReport(control), { everyMs: WATCH_MS, goneMs: GONE_MS })
  await server.close({ graceMs: 0 })
  process.stdout.write(`the server of ${String(control)} has been gone for two minutes\n`)
}

/** The page, and the server that the caller closes. */
interface OpenPage {
  server: Server
  url: string
  urlForOnce: string
}

/** Serves the page on a free port. */
export async function openPage(control: string | null): Promise<OpenPage> {
  const { app, path, pathForOnce } = guardedPage(pageApp(controlForward(control), true))
  const server = await serve(app, { host: '127.0.0.1', port: 0, log: SILENT_LOG })
  return { server, url: server.url + path, urlForOnce: server.url + pathForOnce }
}

/**
 * Returns when `ask` has failed for a time.
 *
 * @param times `everyMs` between two calls of `ask`, and `goneMs` of failures
 */
export async function untilGone(
  ask: () => Promise<unknown>,
  { everyMs, goneMs }: { everyMs: number; goneMs: number },
): Promise<void> {
  let answeredAt = performance.now()
  while (performance.now() - answeredAt < goneMs) {
    await sleep(everyMs)
    const answers = await ask().then(
      () => true,
      () => false,
    )
    if (answers) answeredAt = performance.now()
  }
}
