// The targets of one remote(), and the requests that wait for a connection to one of them.

import { getHeader } from '../../http/headers.ts'
import { UpstreamBusyError } from '../../errors.ts'
import { byHash, leastPending, roundRobin } from './balance.ts'
import { Target } from './target.ts'
import type { HttpScope, WebSocketScope } from '../../contract/events.ts'
import type { Log } from '../../contract/log.ts'
import type { Choose } from './balance.ts'
import type { RemoteBalance, RemoteSettings } from './settings.ts'
import type { TargetAddress } from './target-address.ts'

type ExchangeScope = HttpScope | WebSocketScope

/** A request that looks for a target. */
export interface Seeker {
  readonly scope: ExchangeScope
  /** The targets that have failed it. */
  readonly tried: readonly Target[]
  /** A connection to `target` is free. */
  proceed(target: Target): void
  /** No connection became free in time. */
  giveUp(error: UpstreamBusyError): void
}

interface Waiting {
  readonly seeker: Seeker
  readonly timer: NodeJS.Timeout
}

/** Chooses targets, from the first request to the shutdown. It owns them. */
export class TargetGroup {
  readonly targets: readonly Target[]
  readonly #settings: RemoteSettings
  readonly #choose: Choose
  readonly #keyOf: KeyOf
  readonly #isSticky: boolean
  readonly #waiting: Waiting[] = []

  constructor(addresses: readonly TargetAddress[], settings: RemoteSettings, log: Log) {
    this.targets = addresses.map((address) => new Target(address, settings, log))
    this.#settings = settings
    this.#choose = chooserOf(settings.balance)
    this.#keyOf = keyFunctionOf(settings.balance)
    this.#isSticky = typeof settings.balance === 'object'
  }

  /** Calls `seeker` back with a target: at once, or when a connection becomes free. */
  seek(seeker: Seeker): void {
    const target = this.#targetWithRoom(seeker)
    if (target) return seeker.proceed(target)
    if (this.#waiting.length >= this.#settings.maxPending) {
      return seeker.giveUp(new UpstreamBusyError(FULL))
    }
    const timer = setTimeout(() => this.#expire(seeker), this.#settings.connectTimeoutMs)
    this.#waiting.push({ seeker, timer })
  }

  /** The target of a WebSocket, which needs no connection of the pool. */
  targetFor({ scope, tried }: Pick<Seeker, 'scope' | 'tried'>): Target {
    const open = this.#openTargets(tried)
    return open.length === 1 ? open[0]! : this.#choose(open, this.#keyOf(scope))
  }

  /** The seeker does not wait any more. */
  leave(seeker: Seeker): void {
    const at = this.#waiting.findIndex((waiting) => waiting.seeker === seeker)
    if (at >= 0) clearTimeout(this.#waiting.splice(at, 1)[0]?.timer)
  }

  /** A connection became free: the first request that can use it gets it. */
  advance(): void {
    for (const { seeker } of this.#waiting) {
      const target = this.#targetWithRoom(seeker)
      if (!target) {
        if (this.#isSticky) continue
        return
      }
      this.leave(seeker)
      return seeker.proceed(target)
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.targets.map((target) => target.close()))
  }

  #targetWithRoom({ scope, tried }: Seeker): Target | undefined {
    const [only] = this.targets
    if (this.targets.length === 1 && only) return only.hasRoom ? only : undefined
    const open = this.#openTargets(tried)
    // A hash binds a request to its target, also if that one has no room.
    const candidates = this.#isSticky ? open : open.filter((target) => target.hasRoom)
    if (candidates.length === 0) return undefined
    const target = this.#choose(candidates, this.#keyOf(scope))
    return target.hasRoom ? target : undefined
  }

  // The targets that have not failed the request; those that are up; else the one that has been down for the longest
  // time. A 503 would help no client, and the targets may be back already.
  #openTargets(tried: readonly Target[]): readonly Target[] {
    const now = performance.now()
    const fresh = this.targets.filter((target) => !tried.includes(target))
    const up = fresh.filter((target) => target.health.takes(now))
    if (up.length > 0) return up
    const other = this.targets.filter((target) => target.health.takes(now))
    if (other.length > 0) return other
    return [this.targets.reduce(longerDown)]
  }

  #expire(seeker: Seeker): void {
    this.leave(seeker)
    seeker.giveUp(new UpstreamBusyError(LATE))
  }
}

const FULL = 'remote(): no connection is free, and as many requests wait as maxPending allows'
const LATE = 'remote(): no connection became free within connectTimeoutMs'

function longerDown(one: Target, other: Target): Target {
  return other.health.downSince < one.health.downSince ? other : one
}

function chooserOf(balance: RemoteBalance): Choose {
  if (balance === 'round-robin') return roundRobin()
  return balance === 'least-pending' ? leastPending() : byHash(leastPending())
}

type KeyOf = (scope: ExchangeScope) => string | undefined

function keyFunctionOf(balance: RemoteBalance): KeyOf {
  if (typeof balance === 'string') return () => undefined
  const { hash } = balance
  if (hash === 'client') return ({ client }) => client?.[0]
  if ('header' in hash) {
    const name = hash.header.toLowerCase()
    return ({ headers }) => getHeader(headers, name)
  }
  return ({ headers }) => cookieOf(headers, hash.cookie)
}

function cookieOf(headers: ExchangeScope['headers'], name: string): string | undefined {
  for (const [field, value] of headers) {
    if (field !== 'cookie') continue
    for (const pair of value.split(';')) {
      const text = pair.trim()
      if (text.startsWith(`${name}=`)) return text.slice(name.length + 1)
    }
  }
  return undefined
}
