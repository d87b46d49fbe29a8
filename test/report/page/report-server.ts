// A server with the page over a report that a test changes.

import { controlApp } from '../../../src/report/control/control-app.ts'
import { ownMigrations } from '../../../src/report/control/own-migrations.ts'
import { exampleServer } from '../control/example-server.ts'
import { pageApp } from '../../../src/report/page-app.ts'
import { mount } from '../../../src/bridge/mount.ts'
import { serve } from '../../../src/server/serve.ts'
import { fakeMigration } from '../control/fake-migration.ts'
import { EXAMPLE_REPORT } from '../example-report.ts'
import type { Report } from '../../../src/contract/report.ts'
import type { Server } from '../../../src/server/serve.ts'

/** The page at `url`, and its report. */
export interface ReportServer extends AsyncDisposable {
  url: string
  /** The next answers are made of this value; `at` and `uptimeMs` advance by themselves. */
  report: Report
  /** The requests for the report so far. */
  polls: number
  /** Stops to listen. */
  stop(): Promise<void>
  /** Listens again at the same address. */
  start(): Promise<void>
}

/** Starts the server on a free port. The caller disposes of the server. */
export async function startReportServer(control = true): Promise<ReportServer> {
  const migration = fakeMigration()
  const startedAt = Date.now()
  let server: Server

  const subject: ReportServer = {
    url: '',
    report: structuredClone(EXAMPLE_REPORT),
    polls: 0,
    async stop() {
      await server.close({ graceMs: 0 })
    },
    async start() {
      server = await listen(subject.url === '' ? 0 : Number(new URL(subject.url).port))
      subject.url = `${server.url}/report/`
    },
    [Symbol.asyncDispose]: () => subject.stop(),
  }

  const migrations = ownMigrations(new Map([['/orders', migration]]))
  const app = controlApp(
    exampleServer({ migrations }, () => {
      subject.polls += 1
      const now = Date.now()
      const migrations = subject.report.migrations.map((given) => {
        const { share } = migration.report()
        return { ...given, share }
      })
      const uptimeMs = subject.report.uptimeMs + now - startedAt
      return { ...subject.report, at: new Date(now).toISOString(), uptimeMs, migrations }
    }),
  )
  const table = mount({ '/report': pageApp(app, control) })
  const listen = (port: number): Promise<Server> => serve(table, { port, log: null })
  await subject.start()
  return subject
}
