// The groups of options of isthmus serve. The parser with its help, the variables, the reading and the configuration file
// all go through this list, so that a new group is one row of values and one of options.

import { DEFAULTS } from '../server/options.ts'
import { CHANNELS_DEFAULTS, CHANNELS_OPTIONS } from './channels-options.ts'
import {
  PROCESS_DEFAULTS,
  PROCESS_OPTIONS,
  SERVER_OPTIONS,
  SYNC_OPTIONS,
  WEBSOCKET_OPTIONS,
} from './options-table.ts'
import { HEALTH_OPTIONS } from './health-options.ts'
import { POOL_FLAG_DEFAULTS, POOL_OPTIONS } from './pool-options.ts'
import { PYTHON_FLAG_DEFAULTS, PYTHON_OPTIONS } from './python-options.ts'
import { RELOAD_DEFAULTS, RELOAD_OPTIONS } from './reload-options.ts'
import { REMOTE_FLAG_DEFAULTS, REMOTE_OPTIONS } from './remote-options.ts'
import { TLS_FLAG_DEFAULTS, TLS_OPTIONS } from './tls-options.ts'
import { WORKERS_DEFAULTS, WORKERS_OPTIONS } from './workers-options.ts'
import type { ChannelsFlags } from './channels-options.ts'
import type { OptionTable } from './option.ts'
import type { ProcessOptions, ServerDefaults, SyncDefaults } from './options-table.ts'
import type { PoolFlags } from './pool-options.ts'
import type { PythonFlags } from './python-options.ts'
import type { ReloadFlags } from './reload-options.ts'
import type { RemoteFlags } from './remote-options.ts'
import type { TlsFlags } from './tls-options.ts'
import type { WorkersFlags } from './workers-options.ts'

/** A group of options: its title in the help, its table, and a default for each of its options. */
export interface OptionGroup<Values extends object = object> {
  readonly title: string
  readonly table: OptionTable<Values>
  readonly defaults: Values
  /** Whether a configuration file has these options in an object with the name of the group, and not at its top level. */
  readonly isNested?: boolean
}

/** The values of all groups, by the names of the groups. */
export interface GroupValues {
  server: ServerDefaults
  tls: TlsFlags
  sync: SyncDefaults
  websocket: typeof DEFAULTS.websocket
  health: typeof DEFAULTS.health
  pool: PoolFlags
  python: PythonFlags
  remote: RemoteFlags
  channels: ChannelsFlags
  workers: WorkersFlags
  reload: ReloadFlags
  process: ProcessOptions
}

/** The groups by name, in the order of the help. */
export const SERVE_GROUPS: {
  readonly [Name in keyof GroupValues]: OptionGroup<GroupValues[Name]>
} = {
  server: { title: 'Server:', table: SERVER_OPTIONS, defaults: DEFAULTS },
  tls: { title: 'TLS:', table: TLS_OPTIONS, defaults: TLS_FLAG_DEFAULTS, isNested: true },
  sync: { title: 'Sync apps:', table: SYNC_OPTIONS, defaults: DEFAULTS.sync, isNested: true },
  websocket: {
    title: 'WebSocket:',
    table: WEBSOCKET_OPTIONS,
    defaults: DEFAULTS.websocket,
    isNested: true,
  },
  health: { title: 'Health:', table: HEALTH_OPTIONS, defaults: DEFAULTS.health, isNested: true },
  pool: { title: 'Threads:', table: POOL_OPTIONS, defaults: POOL_FLAG_DEFAULTS, isNested: true },
  python: {
    title: 'Python:',
    table: PYTHON_OPTIONS,
    defaults: PYTHON_FLAG_DEFAULTS,
    isNested: true,
  },
  remote: {
    title: 'Remote:',
    table: REMOTE_OPTIONS,
    defaults: REMOTE_FLAG_DEFAULTS,
    isNested: true,
  },
  channels: { title: 'Channels:', table: CHANNELS_OPTIONS, defaults: CHANNELS_DEFAULTS },
  workers: { title: 'Workers:', table: WORKERS_OPTIONS, defaults: WORKERS_DEFAULTS },
  reload: { title: 'Development:', table: RELOAD_OPTIONS, defaults: RELOAD_DEFAULTS },
  process: { title: 'Process:', table: PROCESS_OPTIONS, defaults: PROCESS_DEFAULTS },
}
