// The text of the metrics for Prometheus, by prom-client, which users install themselves.

import { AppLoadError } from '../../errors.ts'
import { CHANNEL_FAMILIES } from './channel-families.ts'
import { HOSTING_FAMILIES } from './hosting-families.ts'
import { MIGRATION_FAMILIES } from './migration-families.ts'
import { MOUNT_FAMILIES } from './mount-families.ts'
import { WORKER_FAMILIES } from './worker-families.ts'
import type * as PromClient from 'prom-client'
import type { Report } from '../../contract/report.ts'
import type { Family } from './family.ts'

const FAMILIES = [
  ...MOUNT_FAMILIES,
  ...HOSTING_FAMILIES,
  ...CHANNEL_FAMILIES,
  ...MIGRATION_FAMILIES,
  ...WORKER_FAMILIES,
]

/** The metrics of one process, in a form that passes between processes. */
export type ProcessMetrics = ReadonlyArray<{
  readonly name: string
  readonly help: string
  readonly type: string
  readonly values: readonly ProcessValue[]
}>

interface ProcessValue {
  readonly labels: Record<string, string>
  readonly value: number
  readonly metricName?: string
}

/** Writes the metrics of a process. */
interface Prometheus {
  readonly contentType: string
  /** The metrics of this process. */
  ownMetrics(): Promise<ProcessMetrics>
  /**
   * The metrics of `report` and those of processes, in the text format.
   *
   * @param workers the metrics of each worker, which get the label `worker`; null for those of this process without it
   */
  text(report: Report, workers: ReadonlyMap<string, ProcessMetrics> | null): Promise<string>
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
  const ownMetrics = async (): Promise<ProcessMetrics> => finite(await process.getMetricsAsJSON())
  return {
    contentType: process.contentType,
    ownMetrics,
    text: async (report, workers) => {
      const registry = new client.Registry()
      for (const family of FAMILIES) {
        const { name, help, kind } = family
        const values = valuesOf(family, report)
        if (values.length > 0 || !family.isForWorkers) {
          registry.registerMetric(metricOf(client, { name, help, type: kind, values }))
        }
      }
      const text = await registry.metrics()
      if (!workers) return `${text}\n${await process.metrics()}`
      const processes = new client.Registry()
      const all = new Map([['master', await ownMetrics()], ...workers])
      for (const metric of labelled(all)) processes.registerMetric(metricOf(client, metric))
      return `${text}\n${await processes.metrics()}`
    },
  }
}

// A lag is NaN before its first sample, and JSON has no NaN.
function finite(
  metrics: ReadonlyArray<PromClient.MetricObjectWithValues<PromClient.MetricValue<string>>>,
): ProcessMetrics {
  return metrics.map(({ name, help, type, values }) => ({
    name,
    help,
    type: String(type),
    values: (values as unknown as ProcessValue[]).filter(({ value }) => Number.isFinite(value)),
  }))
}

// Each process keeps its values: a sum would hide the one worker whose memory grows.
function labelled(processes: ReadonlyMap<string, ProcessMetrics>): ProcessMetrics {
  const byName = new Map<
    string,
    { name: string; help: string; type: string; values: ProcessValue[] }
  >()
  for (const [worker, metrics] of processes) {
    for (const { values, ...metric } of metrics) {
      const all = byName.get(metric.name) ?? { ...metric, values: [] }
      byName.set(metric.name, all)
      for (const one of values) all.values.push({ ...one, labels: { ...one.labels, worker } })
    }
  }
  return [...byName.values()]
}

async function importClient(): Promise<typeof PromClient & { default: typeof PromClient }> {
  try {
    return (await import('prom-client')) as never
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw new AppLoadError('metrics need the package prom-client: npm install prom-client')
  }
}

function valuesOf(family: Family, report: Report): ProcessValue[] {
  return family.samples(report).map(({ labels, value, suffix }) => ({
    labels,
    value,
    metricName: suffix === undefined ? family.name : family.name + suffix,
  }))
}

// A metric of prom-client keeps values. This one has those that are read for the scrape, so that no value is kept twice.
function metricOf(
  client: typeof PromClient,
  { name, help, type, values }: ProcessMetrics[number],
): PromClient.Gauge {
  const metric = new client.Gauge({ name, help, registers: [] })
  const found = { name, help, type: type as never, aggregator: 'sum' as const, values }
  return Object.assign(metric, { get: async () => found as never })
}
