// The text of the metrics for Prometheus, by prom-client, which users install themselves.

import { AppLoadError } from '../../errors.ts'
import { CHANNEL_FAMILIES } from './channel-families.ts'
import { HOSTING_FAMILIES } from './hosting-families.ts'
import { MIGRATION_FAMILIES } from './migration-families.ts'
import { MOUNT_FAMILIES } from './mount-families.ts'
import type * as PromClient from 'prom-client'
import type { Report } from '../../contract/report.ts'
import type { Family } from './family.ts'

const FAMILIES = [
  ...MOUNT_FAMILIES,
  ...HOSTING_FAMILIES,
  ...CHANNEL_FAMILIES,
  ...MIGRATION_FAMILIES,
]

/** Writes the metrics of a process. */
interface Prometheus {
  readonly contentType: string
  /** The metrics of `report` and those of the process, in the text format. */
  text(report: Report): Promise<string>
}

let loaded: Promise<Prometheus> | undefined

/**
 * Loads prom-client, once. The metrics of the process have a registry of their own, so that those of the user stay apart.
 *
 * @throws {@link AppLoadError} (`ISTHMUS_APP_LOAD`) if prom-client is not installed
 */
export function loadPrometheus(): Promise<Prometheus> {
  loaded ??= load()
  return loaded
}

async function load(): Promise<Prometheus> {
  const { default: client } = await importClient()
  const process = new client.Registry()
  client.collectDefaultMetrics({ register: process })
  return {
    contentType: process.contentType,
    text: async (report) => {
      const registry = new client.Registry()
      for (const family of FAMILIES) registry.registerMetric(metricOf(client, family, report))
      return `${await registry.metrics()}\n${await process.metrics()}`
    },
  }
}

async function importClient(): Promise<typeof PromClient & { default: typeof PromClient }> {
  try {
    return (await import('prom-client')) as never
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw new AppLoadError('metrics need the package prom-client: npm install prom-client')
  }
}

// A metric of prom-client keeps values. This one takes them from the report, so that no value is kept twice.
function metricOf(client: typeof PromClient, family: Family, report: Report): PromClient.Gauge {
  const { name, help, kind } = family
  const metric = new client.Gauge({ name, help, registers: [] })
  const values = family.samples(report).map(({ labels, value, suffix }) => ({
    labels,
    value,
    metricName: suffix === undefined ? name : name + suffix,
  }))
  return Object.assign(metric, {
    get: async () => ({ name, help, type: kind as never, aggregator: 'sum' as const, values }),
  })
}
