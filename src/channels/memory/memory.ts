// memory(): channels in one process.

import { completeOptions } from '../../complete-options.ts'
import { LocalChannels } from '../local-channels.ts'
import { settingsOf, SHARED_DEFAULTS } from '../options.ts'
import { MemoryBroker } from './broker.ts'
import type { Channels } from '../../contract/channels.ts'
import type { ChannelsOptions } from '../options.ts'

/**
 * Makes channels that connect the apps of one process, its threads and its Python hosts included. `serve()` makes them by
 * itself if it gets no others.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an unknown option or an impossible value
 * @example
 * const channels = memory({ history: { board: { size: 100 } } })
 * const server = await serve(app, { channels })
 * setInterval(() => channels.publish('board', { time: Date.now() }), 1000)
 */
export function memory(options: ChannelsOptions = {}): Channels {
  const settings = settingsOf('memory', completeOptions('memory', options, SHARED_DEFAULTS))
  return new LocalChannels((events) => new MemoryBroker(events, settings.historyOf), settings)
}
