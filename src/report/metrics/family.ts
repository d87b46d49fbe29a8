// A family of metrics: one name, and a sample for each set of labels.

import type { Report } from '../../contract/report.ts'

/** The labels of a sample by their names. Each label has few values: mounts, targets, and words of isthmus. */
export type Labels = Record<string, string>

/** One sample. */
export interface Sample {
  labels: Labels
  value: number
  /** The end of the name of a sample of a histogram. */
  suffix?: '_bucket' | '_sum' | '_count'
}

/** One name with its samples. */
export interface Family {
  /** By the rules of Prometheus: base units, `_total` for counters. */
  name: string
  kind: 'counter' | 'gauge' | 'histogram'
  help: string
  /** Whether the family is left out without samples: those of workers are for servers that have some. */
  isForWorkers?: true
  samples(report: Report): Sample[]
}

/** Makes the samples of a family from the rows of the report. */
export type Samples = Family['samples']

/** A family of sums since the start. */
export function counter(name: string, help: string, samples: Samples): Family {
  return { name, kind: 'counter', help, samples }
}

/** A family of values of this moment. */
export function gauge(name: string, help: string, samples: Samples): Family {
  return { name, kind: 'gauge', help, samples }
}

/** One sample. */
export function sample(labels: Labels, value: number): Sample {
  return { labels, value }
}

/** The mean and the quantiles of durations in seconds, one sample each. */
export function quantiles(
  labels: Labels,
  { mean, p50, p99 }: { mean: number; p50: number; p99: number },
): Sample[] {
  return Object.entries({ mean, p50, p99 }).map(([stat, ms]) =>
    sample({ ...labels, stat }, ms / 1000),
  )
}
