// The reports of the apps of a server: one for each mounted app, and one for each migration among them.

import { factsOf } from '../bridge/app-facts.ts'
import { styleOf } from '../bridge/style.ts'
import { poolReport } from './pool-report.ts'
import type { AppFacts } from '../bridge/app-facts.ts'
import type { App } from '../bridge/style.ts'
import type { MigrationReport, MountReport, Report, TargetReport } from '../contract/report.ts'
import type { Figures } from '../figures/figures.ts'
import type { MountFigures } from '../figures/mount-figures.ts'

type AppReports = Pick<Report, 'mounts' | 'migrations'>

/** The methods of the apps that tell figures of their own, by the kind of the app. */
interface RemoteApp {
  stats(): { targets: TargetReport[] }
}
interface MigrationApp {
  report(): Omit<MigrationReport, 'path'>
}

/** Walks the mount tables of the server, nested ones too. */
export function appReports(figures: Figures, now: number): AppReports {
  const { app, rootPath } = figures.facts
  const reports: AppReports = { mounts: [], migrations: [] }
  const visit = (inner: App, path: string): void => {
    const facts = factsOf(inner)
    if (facts.kind !== 'mount') return addApp(reports, facts, path)
    for (const [prefix, one] of facts.inner) visit(one, path + prefix.replace(/\/$/, ''))
    if (hasStrays(facts, figures.find(path))) addMount(facts, path)
  }
  const addMount = (facts: AppFacts, path: string): void => {
    const counted = figures.at(path).report(now)
    reports.mounts.push({
      path: path || '/',
      ...hostingOf(facts),
      ...counted,
      ...innerFigures(facts),
    })
  }
  const addApp = (to: AppReports, facts: AppFacts, path: string): void => {
    addMount(facts, path)
    if (facts.kind !== 'migration') return
    to.migrations.push({ path: path || '/', ...(facts.app as unknown as MigrationApp).report() })
  }
  visit(app, rootPath)
  return reports
}

// A table without '/' answers 404 itself.
function hasStrays({ inner }: AppFacts, figures: MountFigures | undefined): boolean {
  return !inner.has('/') && figures !== undefined && figures.isUsed
}

function hostingOf({ kind, app }: AppFacts): Pick<MountReport, 'style' | 'hosting'> {
  if (kind === 'app') return { style: styleOf(app).style, hosting: 'loop' }
  return { style: null, hosting: kind === 'mount' ? 'loop' : kind }
}

function innerFigures({ kind, app, inner }: AppFacts): Pick<MountReport, 'pool' | 'targets'> {
  if (kind === 'migration') return innerFigures(factsOf(inner.get('from') as App))
  if (kind === 'remote') {
    return { pool: null, targets: (app as unknown as RemoteApp).stats().targets }
  }
  return { pool: poolReport(kind, app), targets: [] }
}
