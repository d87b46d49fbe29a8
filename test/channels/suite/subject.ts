// The subjects of the suite of channels, and the waits that its cases share.

import { settlesWithin } from '../../../src/waiting/settles-within.ts'
import type { ChannelEvent, Channels, ChannelsOptions, Subscription } from 'isthmus/channels'

/** The abilities that a subject may lack; the value is the reason. */
export interface Gaps {
  /** The broker cannot be cut off. */
  interrupt?: string
  /** The broker cannot lose its messages while the channels are open. */
  restart?: string
  /** The machine cannot run the subject at all. */
  all?: string
}

/** An implementation of channels. */
export interface ChannelsSubject {
  name: string
  gaps: Gaps
  /** Makes a broker without messages. Each case has its own one. */
  start: (options: ChannelsOptions) => Promise<ChannelsBench>
}

/** A broker, and the channels of the processes that share it. */
export interface ChannelsBench {
  /** The channels of a further process. A subject of one process gives the same ones each time. */
  open(): Promise<Channels>
  /** Cuts all processes off from the broker. */
  interrupt(): Promise<void>
  /** Connects them again. */
  restore(): Promise<void>
  /** Ends the broker, and starts another one without messages in its place. */
  restartEmpty(): Promise<void>
  /** Closes all channels and the broker. */
  stop(): Promise<void>
}

/** The parts of a {@link ChannelsBench} that a subject of one process cannot have. */
export const ONE_PROCESS: Pick<ChannelsBench, 'interrupt' | 'restore' | 'restartEmpty'> = {
  interrupt: () => Promise.reject(new Error('the broker cannot be cut off')),
  restore: () => Promise.reject(new Error('the broker cannot be cut off')),
  restartEmpty: () => Promise.reject(new Error('the broker cannot be restarted')),
}

const DEADLINE_MS = 30_000

/** Waits for `work` up to eight seconds. */
export async function soon<Value>(work: Promise<Value>, what: string): Promise<Value> {
  if (await settlesWithin(work, DEADLINE_MS)) return work
  throw new Error(`no ${what} within ${DEADLINE_MS} ms`)
}

/** Polls until `isTrue`, up to eight seconds. */
export async function until(isTrue: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (const start = Date.now(); !(await isTrue());) {
    if (Date.now() - start > DEADLINE_MS) throw new Error(`no ${what} within ${DEADLINE_MS} ms`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** The next `count` events. */
export async function take(subscription: Subscription, count: number): Promise<ChannelEvent[]> {
  const events: ChannelEvent[] = []
  while (events.length < count) {
    const event = await soon(subscription.receive(), `event ${events.length + 1} of ${count}`)
    if (event === undefined) throw new Error(`the subscription ended after ${events.length} events`)
    events.push(event)
  }
  return events
}

/** The events up to the message `last`, which is the last one of them. */
export async function takeUntil(
  subscription: Subscription,
  last: unknown,
): Promise<ChannelEvent[]> {
  const events: ChannelEvent[] = []
  while (events.length === 0 || valueOf(events.at(-1) as ChannelEvent) !== last) {
    events.push(...(await take(subscription, 1)))
  }
  return events
}

/** A message, or the name of a gap: `gap slow 3`. */
export function valueOf(event: ChannelEvent): unknown {
  return event.type === 'message' ? event.message : `gap ${event.reason} ${event.lost}`
}

/** {@link valueOf} of each event. */
export function valuesOf(events: readonly ChannelEvent[]): unknown[] {
  return events.map(valueOf)
}

/** The numbers from `first` to `last`. */
export function numbers(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}

/** Publishes the numbers from `first` to `last`. */
export function publishNumbers(
  channels: Channels,
  group: string,
  [first, last]: [first: number, last: number],
): void {
  for (const number of numbers(first, last)) {
    if (!channels.publish(group, number)) throw new Error(`the publication of ${number} is refused`)
  }
}

/** Waits until direct messages come: the address of a consumer is known before the broker knows it. */
export async function settled(
  consumer: Subscription,
  send: (message: unknown) => void,
): Promise<void> {
  const first = consumer.receive()
  let isThere = false
  void first.then(() => (isThere = true))
  await until(async () => {
    if (!isThere) send('hello')
    await turn()
    return isThere
  }, 'direct message')
  send('settled')
  await takeUntil(consumer, 'settled')
}

/** The next turn of the event loop. */
export function turn(): Promise<undefined> {
  return new Promise((resolve) => setImmediate(() => resolve(undefined)))
}
