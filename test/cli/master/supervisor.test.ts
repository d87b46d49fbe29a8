// The decisions of a master: events of workers go in, orders come out.

import { assert, constantFrom, integer, array, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Supervisor } from '../../../src/cli/master/supervisor.ts'
import type { Order } from '../../../src/cli/master/supervisor.ts'

const LIMITS = { maxSize: 8, startMs: 60_000, drainMs: 20_000 }

/** Workers that obey all orders, and a clock of the test. */
class Crew {
  readonly supervisor: Supervisor
  /** The workers by id: `starting`, `ready` or `draining`. */
  readonly workers = new Map<number, 'starting' | 'ready' | 'draining'>()
  readonly log: string[] = []
  readonly reloads: Array<number | null> = []
  readonly #killed: number[] = []
  now = 0
  hasOpened = false

  constructor(count: number) {
    this.supervisor = new Supervisor(count, LIMITS)
    this.obey(this.supervisor.tick(0))
  }

  /** A crew whose workers all serve. */
  static open(count: number): Crew {
    const crew = new Crew(count)
    for (const id of crew.ids('starting')) crew.ready(id)
    crew.log.length = 0
    return crew
  }

  ids(phase: 'starting' | 'ready' | 'draining'): number[] {
    return [...this.workers].filter(([, is]) => is === phase).map(([id]) => id)
  }

  ready(id: number): void {
    this.obey(this.supervisor.ready(id, this.now))
  }

  end(id: number): void {
    this.workers.delete(id)
    this.obey(this.supervisor.ended(id, this.now))
  }

  reload(): void {
    this.obey(this.supervisor.reload(this.now))
  }

  /** Time passes, with each tick that the supervisor wants. */
  pass(ms: number): void {
    const end = this.now + ms
    while (this.supervisor.nextTickAt <= end) {
      this.now = Math.max(this.now, this.supervisor.nextTickAt)
      this.obey(this.supervisor.tick(this.now))
    }
    this.now = end
  }

  obey(orders: readonly Order[]): void {
    for (const order of orders) this.#obeyOne(order)
    for (const id of this.#killed.splice(0)) this.end(id)
  }

  #obeyOne(order: Order): void {
    if (order.type === 'reloaded') this.reloads.push(order.failed)
    if (order.type === 'opened') this.hasOpened = true
    if (order.type === 'start') this.workers.set(order.id, 'starting')
    if (order.type === 'admit') this.workers.set(order.id, 'ready')
    if (order.type === 'drain') this.workers.set(order.id, 'draining')
    this.log.push('id' in order ? `${order.type} ${order.id}` : order.type)
    if (order.type === 'kill') this.#killed.push(order.id)
  }
}

describe('the first start', () => {
  it('opens when all workers are ready', () => {
    const crew = new Crew(2)
    expect(crew.log).toEqual(['start 1', 'start 2'])
    crew.ready(2)
    expect(crew.hasOpened).toBe(false)
    crew.ready(1)
    expect(crew.log.slice(2)).toEqual(['admit 2', 'admit 1', 'opened'])
  })

  it('ends the master with the first worker that ends', () => {
    const crew = new Crew(3)
    crew.ready(1)
    crew.end(2)
    expect(crew.log.slice(3)).toEqual(['admit 1', 'startFailed 2', 'drain 1', 'drain 3'])
    crew.end(1)
    expect(crew.supervisor.isOver).toBe(false)
    crew.end(3)
    expect(crew.supervisor.isOver).toBe(true)
  })

  it('has a limit', () => {
    const crew = new Crew(1)
    crew.pass(LIMITS.startMs)
    expect(crew.log).toContain('kill 1')
    expect(crew.log).toContain('startFailed 1')
  })
})

describe('a crash', () => {
  it('is replaced at once, and later ones after a wait that doubles up to a limit', () => {
    const crew = Crew.open(1)
    const waits: number[] = []
    for (let crash = 0; crash < 12; crash += 1) {
      crew.end(crew.ids('ready')[0] ?? 0)
      waits.push(crew.supervisor.waitOf(1, crew.now).delayMs)
      crew.pass(waits.at(-1) ?? 0)
      crew.ready(crew.ids('starting')[0] ?? 0)
    }
    expect(waits.slice(0, 5)).toEqual([0, 100, 200, 400, 800])
    expect(waits.slice(-2)).toEqual([30_000, 30_000])
  })

  it('is forgotten after a calm time', () => {
    const crew = Crew.open(1)
    for (let crash = 0; crash < 4; crash += 1) {
      crew.end(crew.ids('ready')[0] ?? 0)
      crew.pass(10_000)
      crew.ready(crew.ids('starting')[0] ?? 0)
    }
    crew.pass(10_000)
    crew.end(crew.ids('ready')[0] ?? 0)
    expect(crew.supervisor.waitOf(1, crew.now)).toEqual({ delayMs: 0, crashes: 1 })
    expect(crew.ids('starting')).toHaveLength(1)
  })

  it('of a worker that never gets ready again waits too', () => {
    const crew = Crew.open(2)
    crew.end(1)
    crew.end(3)
    expect(crew.supervisor.waitOf(1, crew.now)).toEqual({ delayMs: 100, crashes: 2 })
    expect(crew.ids('starting')).toEqual([])
    crew.pass(100)
    expect(crew.ids('starting')).toEqual([4])
  })
})

describe('a replacement', () => {
  it('is ready before the old worker drains', () => {
    const crew = Crew.open(2)
    crew.obey(crew.supervisor.leaves(1, crew.now))
    expect(crew.log).toEqual(['start 3'])
    crew.ready(3)
    expect(crew.log).toEqual(['start 3', 'admit 3', 'drain 1'])
  })

  it('goes one worker after the other', () => {
    const crew = Crew.open(3)
    for (const id of [1, 2, 3]) crew.obey(crew.supervisor.leaves(id, crew.now))
    expect(crew.log).toEqual(['start 4'])
    crew.ready(4)
    expect(crew.log).toEqual(['start 4', 'admit 4', 'drain 1', 'start 5'])
  })

  it('that fails is tried again, and the old worker stays', () => {
    const crew = Crew.open(1)
    crew.obey(crew.supervisor.leaves(1, crew.now))
    crew.end(2)
    crew.pass(5_000)
    expect([crew.ids('ready'), crew.ids('starting')]).toEqual([[1], [3]])
  })

  it('begins at once for a worker that drains by itself', () => {
    const crew = Crew.open(2)
    crew.obey(crew.supervisor.left(2, crew.now))
    expect(crew.log).toEqual(['start 3'])
    crew.end(2)
    expect(crew.log).toEqual(['start 3'])
  })

  it('kills a worker that does not drain in time', () => {
    const crew = Crew.open(1)
    crew.obey(crew.supervisor.leaves(1, crew.now))
    crew.ready(2)
    crew.pass(LIMITS.drainMs)
    expect(crew.log.at(-1)).toBe('kill 1')
  })
})

describe('a reload', () => {
  it('tries the new code with one worker, and replaces a quarter of the others at once', () => {
    const crew = Crew.open(8)
    crew.reload()
    expect(crew.ids('starting')).toEqual([9])
    crew.ready(9)
    expect(crew.ids('starting')).toEqual([10, 11])
    for (let turn = 0; turn < 8; turn += 1) crew.ready(crew.ids('starting')[0] ?? 0)
    expect([crew.reloads, crew.ids('ready').length, crew.ids('draining').length]).toEqual([
      [null],
      8,
      8,
    ])
  })

  it('stops with the first worker that does not start', () => {
    const crew = Crew.open(2)
    crew.reload()
    crew.end(3)
    crew.pass(100_000)
    expect([crew.reloads, crew.ids('ready'), crew.ids('starting')]).toEqual([[3], [1, 2], []])
  })

  it('is followed by one more if it is ordered again meanwhile', () => {
    const crew = Crew.open(1)
    crew.reload()
    crew.reload()
    crew.reload()
    crew.ready(2)
    expect([crew.reloads, crew.ids('starting')]).toEqual([[null], [3]])
    crew.ready(3)
    expect([crew.reloads, crew.ids('starting')]).toEqual([[null, null], []])
  })

  it('starts a worker at once that waits after crashes', () => {
    const crew = Crew.open(1)
    for (const id of [1, 2, 3]) {
      crew.end(id)
      crew.pass(100)
    }
    expect(crew.ids('starting')).toEqual([])
    crew.reload()
    expect(crew.ids('starting')).toHaveLength(1)
  })
})

describe('the number of workers', () => {
  it('grows and shrinks by one; the last worker stays', () => {
    const crew = Crew.open(1)
    crew.obey(crew.supervisor.resize(1, crew.now))
    expect(crew.log).toEqual(['start 2'])
    crew.ready(2)
    crew.obey(crew.supervisor.resize(-1, crew.now))
    crew.obey(crew.supervisor.resize(-1, crew.now))
    expect([crew.supervisor.size, crew.ids('ready'), crew.ids('draining')]).toEqual([1, [1], [2]])
  })
})

describe('a storm of calls for one worker more', () => {
  it('ends at the limit', () => {
    const crew = Crew.open(1)
    for (let calls = 0; calls < 100; calls += 1) crew.obey(crew.supervisor.resize(1, crew.now))
    expect([crew.supervisor.size, crew.ids('starting').length]).toEqual([8, 7])
  })
})

describe('the stop', () => {
  it('drains every worker, those that start too', () => {
    const crew = Crew.open(2)
    crew.end(1)
    crew.obey(crew.supervisor.stop(crew.now))
    expect([crew.ids('ready'), crew.ids('starting'), crew.ids('draining')]).toEqual([
      [],
      [],
      [2, 3],
    ])
    crew.end(2)
    crew.end(3)
    expect([crew.supervisor.isOver, crew.supervisor.nextTickAt]).toEqual([true, Infinity])
  })
})

type Act = 'ready' | 'end' | 'endReady' | 'leave' | 'left' | 'reload' | 'more' | 'less' | 'wait'
const ACTS: readonly Act[] = [
  'ready',
  'ready',
  'ready',
  'end',
  'endReady',
  'leave',
  'left',
  'reload',
  'more',
  'less',
  'wait',
]

function act(crew: Crew, what: Act, choice: number): void {
  const { supervisor } = crew
  const one = (ids: number[]): number => ids[choice % Math.max(1, ids.length)] ?? 0
  const acts: Record<Act, () => void> = {
    ready: () => crew.ready(one(crew.ids('starting'))),
    end: () => crew.end(one([...crew.workers.keys()])),
    endReady: () => crew.end(one(crew.ids('ready'))),
    leave: () => crew.obey(supervisor.leaves(one(crew.ids('ready')), crew.now)),
    left: () => {
      const id = one(crew.ids('ready'))
      if (id > 0) crew.workers.set(id, 'draining')
      crew.obey(supervisor.left(id, crew.now))
    },
    reload: () => crew.reload(),
    more: () => crew.obey(supervisor.resize(1, crew.now)),
    less: () => crew.obey(supervisor.resize(-1, crew.now)),
    wait: () => crew.pass(choice * 10),
  }
  acts[what]()
}

describe('any order of events', () => {
  const steps = array(
    constantFrom(...ACTS).chain((what) =>
      integer({ min: 0, max: 4_000 }).map((choice) => ({ what, choice })),
    ),
    {
      maxLength: 60,
    },
  )

  it('no order to drain leaves fewer ready workers than before, except for a smaller number', () => {
    assert(
      property(integer({ min: 1, max: 5 }), steps, (count, events) => {
        const crew = Crew.open(count)
        for (const { what, choice } of events) {
          const before = crew.ids('ready').length
          const isByWorker = what === 'end' || what === 'endReady' || what === 'left'
          act(crew, what, choice)
          const lost = before - crew.ids('ready').length
          expect(lost).toBeLessThanOrEqual(isByWorker || what === 'less' ? 1 : 0)
        }
      }),
      { seed: 20, numRuns: 300 },
    )
  })

  it('every worker starts again in finite time, and at most one reload is under way', () => {
    assert(
      property(integer({ min: 1, max: 5 }), steps, (count, events) => {
        const crew = Crew.open(count)
        for (const { what, choice } of events) act(crew, what, choice)
        for (let turn = 0; turn < 200 && !isCalm(crew); turn += 1) {
          crew.pass(30_000)
          for (const id of crew.ids('starting')) crew.ready(id)
          for (const id of crew.ids('draining')) crew.end(id)
        }
        expect(crew.ids('ready')).toHaveLength(crew.supervisor.size)
        expect(crew.supervisor.isReloading).toBe(false)
        expect(crew.supervisor.nextTickAt).toBe(Infinity)
      }),
      { seed: 20, numRuns: 300 },
    )
  })
})

function isCalm({ supervisor, workers }: Crew): boolean {
  return (
    workers.size === supervisor.size &&
    !supervisor.isReloading &&
    supervisor.nextTickAt === Infinity
  )
}
