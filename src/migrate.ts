// The public entry `isthmus/migrate`.

export { migrate } from './migrate/migrate.ts'
export type { MigratedApp } from './migrate/migrate.ts'
export type {
  ComparedAnswer,
  CompareOptions,
  MigrateOptions,
  MigrationChange,
  ShadowOptions,
  Sticky,
} from './migrate/options.ts'
export type {
  Difference,
  Durations,
  MigrationReport,
  MismatchReport,
  ShadowReport,
  SideReport,
} from './contract/report.ts'
