// The metrics of migrations.

import { counter, gauge, quantiles, sample } from './family.ts'
import type { MigrationReport, ShadowReport, SideReport } from '../../contract/report.ts'
import type { Family, Labels, Sample, Samples } from './family.ts'

/** The families of `migrate()`. */
export const MIGRATION_FAMILIES: readonly Family[] = [
  gauge(
    'isthmus_migration_share_ratio',
    'Part of the clients that the new app answers.',
    eachMigration(({ share }, labels) => [sample(labels, share)]),
  ),
  counter(
    'isthmus_migration_requests_total',
    'Requests of clients, by the app that answers.',
    eachSide(({ requests }, labels) => [sample(labels, requests)]),
  ),
  counter(
    'isthmus_migration_errors_total',
    'Responses from 500 on, and exchanges that broke off.',
    eachSide(({ errors }, labels) => [sample(labels, errors)]),
  ),
  gauge(
    'isthmus_migration_latency_seconds',
    'Latency of the two apps in the last minute.',
    eachSide(({ latencyMs }, labels) => quantiles(labels, latencyMs)),
  ),
  gauge(
    'isthmus_shadow_rate_ratio',
    'Part of the requests that are copied to the new app.',
    eachShadow(({ rate }, labels) => [sample(labels, rate)]),
  ),
  counter(
    'isthmus_shadow_comparisons_total',
    'Compared responses, by result.',
    eachShadow(({ matches, mismatches }, labels) => [
      sample({ ...labels, result: 'match' }, matches),
      sample({ ...labels, result: 'mismatch' }, mismatches),
    ]),
  ),
  counter(
    'isthmus_shadow_noise_total',
    'Differences that the old app has with itself.',
    eachShadow(({ noise }, labels) => [sample(labels, noise)]),
  ),
  counter(
    'isthmus_shadow_failed_total',
    'Copies that the new app did not answer.',
    eachShadow(({ failed }, labels) => [sample(labels, failed)]),
  ),
  counter(
    'isthmus_shadow_skipped_total',
    'Copies that were not made, by reason.',
    eachShadow(({ skipped }, labels) =>
      Object.entries(skipped).map(([reason, count]) => sample({ ...labels, reason }, count)),
    ),
  ),
]

function eachMigration(
  samplesOf: (migration: MigrationReport, labels: Labels) => Sample[],
): Samples {
  return ({ migrations }) =>
    migrations.flatMap((migration) => samplesOf(migration, { mount: migration.path }))
}

function eachSide(samplesOf: (side: SideReport, labels: Labels) => Sample[]): Samples {
  return eachMigration(({ from, to }, labels) => [
    ...samplesOf(from, { ...labels, side: 'from' }),
    ...samplesOf(to, { ...labels, side: 'to' }),
  ])
}

function eachShadow(samplesOf: (shadow: ShadowReport, labels: Labels) => Sample[]): Samples {
  return eachMigration(({ shadow }, labels) => (shadow ? samplesOf(shadow, labels) : []))
}
