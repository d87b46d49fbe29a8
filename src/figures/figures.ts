// The figures of one server. The dispatcher makes them with the option `figures`; each exchange feeds its part.

import { performance } from 'node:perf_hooks'
import { LoopWatch } from './loop-watch.ts'
import { MountFigures } from './mount-figures.ts'
import { ProcessFigures } from './process-figures.ts'
import { processTimes } from './process-times.ts'
import type { ControlMaster } from '../contract/control.ts'
import type { EventApp } from '../contract/events.ts'
import type { Log } from '../contract/log.ts'
import type { ProcessReport, Report } from '../contract/report.ts'

/** The counters that the server has in any case. */
type ServerCounters = Pick<Report, 'requests' | 'webSockets' | 'refused' | 'channels'>

/** The facts of the server of the figures. */
interface ServerFacts {
  /** The app that the server serves. */
  app: EventApp
  /** The function of isthmus that made the app. */
  kind: string
  /** The option `rootPath` of the server. */
  rootPath: string
  /** Whether apps of `threads()` run on the event loop. */
  inlineThreads: boolean
  log: Log
  counters(): ServerCounters
}

/** The figures of a server. They end with it: nothing has to be closed. */
export class Figures {
  readonly facts: ServerFacts
  /** The figures of the app as a whole, before a mount takes the exchange. */
  readonly root: MountFigures
  readonly startedAt: number = performance.now()
  /** The master, if the server is one of several workers: a report is then one of all of them. */
  master: ControlMaster | null = null
  readonly #process = new ProcessFigures(processTimes(this.startedAt))
  readonly loop: LoopWatch = new LoopWatch(this.#process)
  readonly #mounts = new Map<string, MountFigures>()

  constructor(facts: ServerFacts) {
    this.facts = facts
    this.root = this.at(facts.rootPath)
  }

  /** The figures of the app with this root path: empty ones before its first exchange. */
  at(rootPath: string): MountFigures {
    const known = this.#mounts.get(rootPath)
    if (known !== undefined) return known
    const figures = new MountFigures(rootPath, performance.now())
    this.#mounts.set(rootPath, figures)
    return figures
  }

  /**
   * The figures of the table at `rootPath`, to which `outer` has given an exchange. A middleware can set any root path:
   * one that no table has leads to `outer`, so that the number of figures stays that of the apps.
   */
  table(rootPath: string, outer: MountFigures): MountFigures {
    return outer.rootPath === rootPath ? outer : (this.#mounts.get(rootPath) ?? outer)
  }

  /** The figures of the app that the table of `table` has at `prefix`. */
  below(table: MountFigures, prefix: string): MountFigures {
    const known = table.below(prefix)
    if (known !== undefined) return known
    const figures = this.at(table.rootPath + prefix)
    table.keepBelow(prefix, figures)
    return figures
  }

  /** Whether apps of this kind run in threads or in another process, and so cannot hold the event loop. */
  isElsewhere(kind: string): boolean {
    if (kind === 'threads') return !this.facts.inlineThreads
    return kind === 'python' || kind === 'remote'
  }

  /** The figures of all apps that an exchange has reached. */
  used(): MountFigures[] {
    return [...this.#mounts.values()].filter(({ isUsed }) => isUsed)
  }

  process(): ProcessReport {
    const times = processTimes(performance.now())
    this.#process.sample(times)
    return this.#process.report(times, this.loop.total)
  }
}
