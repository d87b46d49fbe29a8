// The figures of several processes together, without the facts of their processes.

import { mergedMigrations } from './merged-migrations.ts'
import { mergedMounts } from './merged-mounts.ts'
import { sumOf, sumsByName } from './sums.ts'
import type { ChannelsStats } from '../../contract/channels.ts'
import type { Report } from '../../contract/report.ts'

/** The part of a report that adds up. */
export type Totals = Pick<
  Report,
  'requests' | 'webSockets' | 'refused' | 'channels' | 'mounts' | 'migrations'
>

/** Adds the figures up. */
export function mergedTotals(parts: readonly Totals[]): Totals {
  return {
    requests: {
      inFlight: sumOf(parts, ({ requests }) => requests.inFlight),
      total: sumOf(parts, ({ requests }) => requests.total),
    },
    webSockets: {
      open: sumOf(parts, ({ webSockets }) => webSockets.open),
      total: sumOf(parts, ({ webSockets }) => webSockets.total),
    },
    refused: sumOf(parts, ({ refused }) => refused),
    channels: mergedChannels(parts.map(({ channels }) => channels).filter((one) => one !== null)),
    mounts: mergedMounts(parts.map(({ mounts }) => mounts)),
    migrations: mergedMigrations(parts.map(({ migrations }) => migrations)),
  }
}

function mergedChannels(parts: readonly ChannelsStats[]): ChannelsStats | null {
  if (parts.length === 0) return null
  return {
    connected: parts.every(({ connected }) => connected),
    subscriptions: sumOf(parts, ({ subscriptions }) => subscriptions),
    groups: sumOf(parts, ({ groups }) => groups),
    published: sumOf(parts, ({ published }) => published),
    pending: sumOf(parts, ({ pending }) => pending),
    delivered: sumOf(parts, ({ delivered }) => delivered),
    gaps: sumsByName(parts.map(({ gaps }) => gaps)),
    dropped: sumsByName(parts.map(({ dropped }) => dropped)),
  }
}

/** The figures of a process that has ended: its counters stay, and the values of the moment are over. */
export function endedTotals(totals: Totals): Totals {
  const { requests, webSockets, refused, channels, mounts, migrations } = totals
  return {
    requests: { ...requests, inFlight: 0 },
    webSockets: { ...webSockets, open: 0 },
    refused,
    channels: channels && { ...channels, connected: true, subscriptions: 0, groups: 0, pending: 0 },
    mounts: mounts.map((mount) => ({
      ...mount,
      requests: { ...mount.requests, inFlight: 0, perSecond: 0 },
      webSockets: { ...mount.webSockets, open: 0 },
      latencyMs: NO_DURATIONS,
      pool: mount.pool && {
        ...mount.pool,
        ready: 0,
        loading: 0,
        inFlight: 0,
        queued: 0,
        utilization: 0,
      },
      targets: mount.targets.map((target) => ({ ...target, state: 'up' as const, inFlight: 0 })),
    })),
    migrations: migrations.map((migration) => ({
      ...migration,
      from: { ...migration.from, latencyMs: NO_DURATIONS },
      to: { ...migration.to, latencyMs: NO_DURATIONS },
      shadow: migration.shadow && { ...migration.shadow, latencyMs: NO_DURATIONS },
    })),
  }
}

const NO_DURATIONS = { mean: 0, p50: 0, p99: 0, max: 0 }
