// The reports of the apps of a server: one for each mounted app, and one for each migration among them.

import { factsOf } from '../bridge/app-facts.ts'
import { styleOf } from '../bridge/style.ts'
import { pooled } from './pool-report.ts'
import type { AppFacts } from '../bridge/app-facts.ts'
import type { App } from '../bridge/style.ts'
import type { MigrationReport, MountReport, Report, TargetReport } from '../contract/report.ts'
import type { Figures } from '../figures/figures.ts'
import type { MountFigures } from '../figures/mount-figures.ts'

/** The methods of the apps that tell figures of their own, by the kind of the app. */
interface RemoteApp {
  stats(): { targets: TargetReport[] }
}
interface MigrationApp {
  report(): Omit<MigrationReport, 'path'>
}

/** An app at its place in the mount tables. */
interface Place {
  path: string
  facts: AppFacts
}

/**
 * The reports of all mounted apps, in the order of the tables, nested ones too. After them come the paths of the other
 * requests: a table without `/` answers 404 itself, and a function of the user may hide a table.
 */
export function appReports(figures: Figures, now: number): Pick<Report, 'mounts' | 'migrations'> {
  const { app, rootPath, inlineThreads } = figures.facts
  const places = [...placesOf(app, rootPath)]
  const apps = places.map(({ path, facts }) => {
    const hosted = inlineThreads && facts.kind === 'threads' ? ON_THE_LOOP : hostedOf(facts)
    return { path: path || '/', ...hosted, ...figures.at(path).report(now) }
  })
  const known = new Set(places.map(({ path }) => path))
  const others = figures.used().filter(({ rootPath: path }) => !known.has(path))
  return {
    mounts: [...apps, ...others.map((mount) => otherReport(mount, now))],
    migrations: places.filter(({ facts }) => facts.kind === 'migration').map(migrationReport),
  }
}

function* placesOf(app: App, path: string): Generator<Place> {
  const facts = factsOf(app)
  if (facts.kind !== 'mount') return yield { path, facts }
  for (const [prefix, inner] of facts.inner) {
    yield* placesOf(inner, path + prefix.replace(/\/$/, ''))
  }
}

function otherReport(mount: MountFigures, now: number): MountReport {
  return { path: mount.rootPath || '/', ...ON_THE_LOOP, ...mount.report(now) }
}

function migrationReport({ path, facts }: Place): MigrationReport {
  return { path: path || '/', ...(facts.app as unknown as MigrationApp).report() }
}

/** The place of an app, and the figures that it tells itself. */
type Hosted = Pick<MountReport, 'style' | 'hosting' | 'pool' | 'targets'>

// The event loop cannot tell the style of a module that `threads()` names.
const ON_THE_LOOP: Hosted = { style: null, hosting: 'loop', pool: null, targets: [] }

function hostedOf({ kind, app, inner }: AppFacts): Hosted {
  switch (kind) {
    case 'app':
      return { ...ON_THE_LOOP, style: styleOf(app).style }
    case 'mount':
      return ON_THE_LOOP
    case 'threads':
    case 'python':
      return { ...ON_THE_LOOP, hosting: kind, ...pooled(kind, app) }
    case 'remote':
      return {
        ...ON_THE_LOOP,
        hosting: kind,
        targets: (app as unknown as RemoteApp).stats().targets,
      }
    case 'migration': {
      const { pool, targets } = hostedOf(factsOf(inner.get('from') as App))
      return { style: null, hosting: kind, pool, targets }
    }
  }
}
