// The channels of this process, or of this thread, for code that has neither a scope nor an environ.

import { AppError } from '../errors.ts'
import { processWide } from './process-wide.ts'
import type { Channels } from '../contract/channels.ts'

// One entry for each server, or for the pool of a thread.
const offers = processWide('channels.1', (): Array<{ readonly channels: Channels }> => [])

/**
 * The channels of the server, for code that has neither a scope nor an environ: a handler of Express or Koa, a timer, a job.
 * The same line works on the event loop and in the threads of {@link threads}, where it gives the channels of the server that
 * has started the threads.
 *
 * @returns undefined while no server runs here, and for a server without channels
 * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) if two servers of this process have different channels
 * @example
 * app.post('/orders', (req, res) => {
 *   currentChannels()?.publish('board', { sold: req.body.seat })
 *   res.redirect('/orders')
 * })
 */
export function currentChannels(): Channels | undefined {
  const [first, ...others] = offers
  if (others.every(({ channels }) => channels === first?.channels)) return first?.channels
  throw new AppError(
    'two servers of this process have different channels; give both the same object, or import the channels that you mean',
  )
}

/** Makes `channels` the current ones. The caller calls the returned function when its server has ended. */
export function offerChannels(channels: Channels): () => void {
  const offer = { channels }
  offers.push(offer)
  return () => {
    const index = offers.indexOf(offer)
    if (index >= 0) offers.splice(index, 1)
  }
}
