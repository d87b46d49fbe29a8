// isthmus migrate: shows and changes the migrations of a running server.

import { askControl } from '../control-client.ts'
import { readReport } from '../read-report.ts'
import type { MigrationReport } from '../../contract/report.ts'
import type { MigrateCommand } from '../args.ts'
import type { SetOptions } from './options.ts'

/** Writes one line with the state of each migration to stdout, after the change. */
export async function migrateCommand(command: MigrateCommand): Promise<void> {
  const migrations = command.action === 'show' ? await shown(command) : [await changed(command)]
  process.stdout.write(migrations.map((migration) => `${stateLine(migration)}\n`).join(''))
}

async function shown({ control, path }: MigrateCommand): Promise<MigrationReport[]> {
  const { migrations } = await readReport(control)
  const wanted = migrations.filter((migration) => path === null || migration.path === path)
  if (wanted.length > 0) return wanted
  if (migrations.length === 0) throw new Error('this server has no migration; see migrate()')
  const known = migrations.map((migration) => migration.path).join(', ')
  throw new Error(`there is no migration at ${path}; the migrations are at ${known}`)
}

async function changed({ control, action, path, set }: MigrateCommand): Promise<MigrationReport> {
  const query = `path=${encodeURIComponent(path ?? '')}`
  const change =
    action === 'rollback'
      ? ({ method: 'POST', target: `/migrations/rollback?${query}` } as const)
      : ({ method: 'PATCH', target: `/migrations?${query}`, body: bodyOf(set) } as const)
  return (await askControl(control, { ...change, member: 'share' })) as MigrationReport
}

function bodyOf({ share, shadow, shadowRate, baseline }: SetOptions): object {
  const isShadowed = shadow === true || shadowRate !== null || baseline !== null
  const changes = {
    ...(shadowRate !== null && { rate: shadowRate }),
    ...(baseline !== null && { baseline }),
  }
  return {
    ...(share !== null && { share }),
    ...(isShadowed && { shadow: changes }),
    ...(shadow === false && { shadow: null }),
  }
}

// `/orders: share 0.5, shadow 0.1 with baseline: 12 of 4500 differ`
function stateLine({ path, share, shadow }: MigrationReport): string {
  if (shadow === null) return `${path}: share ${share}, no shadow`
  const { rate, baseline, compared, mismatches } = shadow
  const kind = baseline ? ' with baseline' : ''
  return `${path}: share ${share}, shadow ${rate}${kind}: ${mismatches} of ${compared} differ`
}
