// Random actions on channels, and the rules for the events of each consumer.

import fc from 'fast-check'
import { vi } from 'vitest'
import { GROUPS } from './stage.ts'
import { Witness } from './witness.ts'
import type { Subscription } from 'isthmus/channels'
import type { GroupName, Stage } from './stage.ts'
import type { Numbered } from './witness.ts'

/** An action on the processes, the brokers or the consumers; one that has no subject has no effect. */
export type Action =
  | { type: 'publish'; process: number; group: GroupName; count: number }
  | { type: 'step'; process: number; choices: number[] }
  | { type: 'join'; consumer: number; hasSince: boolean }
  | { type: 'leave'; consumer: number }
  | { type: 'take'; consumer: number; count: number }
  | { type: 'cut' | 'duplicate' | 'drop'; process: number; choice: number }
  | { type: 'restore'; process: number }
  | { type: 'restart'; choice: number }
  | { type: 'pass'; ms: number }

const process = fc.nat(1)
const consumer = fc.nat(11)
const choice = fc.nat(9)
const few = fc.integer({ min: 1, max: 6 })
const group = fc.constantFrom(...GROUPS)
const choices = fc.array(choice, { minLength: 1, maxLength: 8 })

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ type: fc.constant('publish'), process, group, count: few }) },
  { weight: 12, arbitrary: fc.record({ type: fc.constant('step'), process, choices }) },
  {
    weight: 5,
    arbitrary: fc.record({ type: fc.constant('join'), consumer, hasSince: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('leave'), consumer }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('take'), consumer, count: few }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constantFrom('cut', 'duplicate', 'duplicate', 'drop'),
      process,
      choice,
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('restore'), process }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('restart'), choice }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('pass'), ms: fc.nat(150) }) },
)

/** Up to sixty actions. */
export const actions: fc.Arbitrary<Action[]> = fc.array(action, { maxLength: 60, size: 'max' })

/** A consumer of one group that takes its events at once, or when it is told to. */
class Consumer {
  readonly group: GroupName
  readonly witness: Witness
  readonly subscription: Subscription
  isJoined = false
  #budget = 0
  #more: (() => void) | undefined

  constructor({ processes }: Stage, index: number) {
    this.group = GROUPS[index % 3] as GroupName
    const pace = Math.floor(index / 3)
    const isSlow = pace > 1
    this.witness = new Witness({ hasHistory: this.group !== 'plain', isSlow })
    const channels = processes[pace % 2]!
    const onSlow = pace === 2 ? 'dropOldest' : 'dropNewest'
    this.subscription = isSlow
      ? channels.subscribe({ maxQueue: 3, onSlow })
      : channels.subscribe({ onEvent: (event) => this.witness.take(event) })
    if (isSlow) void this.#run()
  }

  join(hasSince: boolean): void {
    const since = hasSince ? this.witness.position : null
    this.isJoined = true
    this.witness.joins(since !== null)
    this.subscription.join(this.group, { since }).then(
      ({ position }) => since === null && this.witness.joined(position),
      () => undefined,
    )
  }

  leave(): void {
    this.isJoined = false
    this.subscription.leave(this.group)
  }

  take(count: number): void {
    this.#budget += count
    this.#more?.()
  }

  async #run(): Promise<void> {
    for await (const event of this.subscription) {
      this.witness.take(event)
      this.#budget -= 1
      while (this.#budget <= 0) await new Promise<void>((resolve) => (this.#more = resolve))
    }
  }
}

/** Carries the actions out, lets everything arrive, and returns the broken rules. */
export async function faultsOf(stage: Stage, given: readonly Action[]): Promise<string[]> {
  const consumers = Array.from({ length: 12 }, (_, index) => new Consumer(stage, index))
  const numbers = new Map<string, number>()
  let refused = 0
  const publish = (at: number, group: GroupName): Numbered => {
    const key = `${at} ${group}`
    const n = (numbers.get(key) ?? 0) + 1
    numbers.set(key, n)
    const message = { publisher: at, n }
    if (!stage.processes[at]!.publish(group, message)) refused += 1
    return message
  }
  // Most consumers are there from the start; the play makes them leave and return.
  for (const one of consumers.slice(3)) one.join(false)
  for (const broker of stage.brokers) broker.flush()
  await turn()
  for (const broker of stage.brokers) broker.flush()
  await turn()
  for (const next of given) {
    if (next.type === 'publish') {
      for (let left = next.count; left > 0; left -= 1) publish(next.process, next.group)
    } else carryOut(stage, consumers, next)
    await turn()
  }
  await settle(stage, consumers)
  // A message that is dropped without a word shows by the next one only.
  const isTold = !given.some(({ type }) => type === 'drop')
  const late = isTold ? consumers.flatMap((one) => lateFaults(stage, one)) : []
  const last = GROUPS.map((group) => publish(0, group))
  await settle(stage, consumers)
  return [
    ...late,
    ...consumers.flatMap(({ witness }) => witness.faults),
    ...(refused === 0 ? consumers.flatMap(({ witness }) => witness.excess) : []),
    ...consumers.flatMap((one) => endFaults(one, last)),
    ...counterFaults(stage, consumers),
  ]
}

function carryOut(
  { brokers, server }: Stage,
  consumers: readonly Consumer[],
  next: Exclude<Action, { type: 'publish' }>,
): void {
  if (next.type === 'join') return consumers[next.consumer]!.join(next.hasSince)
  if (next.type === 'leave') return consumers[next.consumer]!.leave()
  if (next.type === 'take') return consumers[next.consumer]!.take(next.count)
  if (next.type === 'pass') return void vi.advanceTimersByTime(next.ms)
  if (next.type === 'restart') {
    server?.restartEmpty()
    return brokers.forEach((broker) => broker.cut(next.choice))
  }
  const broker = brokers[next.process]
  if (next.type === 'step') next.choices.forEach((one) => broker?.step(one))
  else if (next.type === 'cut') broker?.cut(next.choice)
  else if (next.type === 'restore') broker?.restore()
  else if (next.type === 'duplicate') broker?.duplicate(next.choice)
  else broker?.drop(next.choice)
}

async function settle({ brokers }: Stage, consumers: readonly Consumer[]): Promise<void> {
  for (const one of consumers) one.take(Infinity)
  for (let isQuiet = false; !isQuiet;) {
    isQuiet = true
    for (const broker of brokers) {
      broker.restore()
      if (broker.flush()) isQuiet = false
    }
    await turn()
  }
}

/** Whether a consumer has the newest message, or a gap after its last one. */
function lateFaults({ server }: Stage, { group, isJoined, witness }: Consumer): string[] {
  const newest = group === 'plain' ? undefined : server?.read(group, null).position
  if (!isJoined || !newest || newest.offset === 0 || witness.endsWithGap) return []
  const { epoch, offset } = witness.position ?? { epoch: '', offset: 0 }
  if (epoch === newest.epoch && offset === newest.offset) return []
  return [`${group} has ${newest.offset}, a consumer ${offset}`]
}

function endFaults(one: Consumer, last: readonly Numbered[]): string[] {
  if (!one.isJoined) return []
  const { n } = last[GROUPS.indexOf(one.group)]!
  const text = one.witness.seen.at(-1) ?? 'nothing'
  return text.includes(`"publisher":0,"n":${n}}`) ? [] : [`the last event is ${text}, not ${n}`]
}

function counterFaults({ processes }: Stage, consumers: readonly Consumer[]): string[] {
  const faults: string[] = []
  const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0)
  const stats = [...new Set(processes)].map((channels) => channels.stats())
  const delivered = sum(stats.map((one) => one.delivered))
  const messages = sum(consumers.map(({ witness }) => witness.messages))
  if (delivered !== messages) faults.push(`${delivered} delivered, and ${messages} seen`)
  const told = sum(stats.flatMap((one) => Object.values(one.gaps)))
  const gaps = sum(consumers.map(({ witness }) => witness.gaps))
  if (told !== gaps) faults.push(`${told} gaps told, and ${gaps} seen`)
  return faults
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
