// The cores of a machine, which the threads that compute share in equal parts. A thread that waits needs none.

/** One request in a thread: it computes, then waits, then computes again. */
export class Job {
  readonly onEnd: () => void
  readonly #phases: Array<{ isComputing: boolean; leftMs: number }>

  constructor(cpuMs: number, waitMs: number, onEnd: () => void) {
    const computing = { isComputing: true, leftMs: cpuMs / 2 }
    this.#phases = [computing, { isComputing: false, leftMs: waitMs }, { ...computing }]
    this.onEnd = onEnd
    this.#skipEmpty()
  }

  get isOver(): boolean {
    return this.#phases.length === 0
  }

  get isComputing(): boolean {
    return this.#phases[0]?.isComputing === true
  }

  /** The time until the next change. @param speed the part of a core that the job has while it computes */
  leftMs(speed: number): number {
    const [phase] = this.#phases
    if (!phase) return 0
    return phase.isComputing ? phase.leftMs / speed : phase.leftMs
  }

  pass(ms: number, speed: number): void {
    const [phase] = this.#phases
    if (!phase) return
    phase.leftMs -= phase.isComputing ? ms * speed : ms
    this.#skipEmpty()
  }

  #skipEmpty(): void {
    while (this.#phases[0] && this.#phases[0].leftMs <= TINY_MS) this.#phases.shift()
  }
}

/** Rounding leaves a little of a duration. */
const TINY_MS = 1e-7

/** Moves the jobs on as time passes. */
export class Cores {
  /** The time that all cores have computed so far, in ms. */
  busyMs = 0
  readonly #count: number
  readonly #jobs = new Set<Job>()

  constructor(count: number) {
    this.#count = count
  }

  start(job: Job): void {
    this.#jobs.add(job)
  }

  stop(job: Job): void {
    this.#jobs.delete(job)
  }

  /** The time until the next job changes; Infinity without a job. */
  get nextMs(): number {
    const speed = this.#speed
    let least = Infinity
    for (const job of this.#jobs) least = Math.min(least, job.leftMs(speed))
    return least
  }

  /** At most {@link nextMs} passes. Returns the jobs that are over. */
  pass(ms: number): Job[] {
    const speed = this.#speed
    const over: Job[] = []
    for (const job of this.#jobs) {
      if (job.isComputing) this.busyMs += ms * speed
      job.pass(ms, speed)
      if (job.isOver) over.push(job)
    }
    for (const job of over) this.#jobs.delete(job)
    return over
  }

  get #speed(): number {
    let computing = 0
    for (const job of this.#jobs) if (job.isComputing) computing += 1
    return Math.min(1, this.#count / Math.max(1, computing))
  }
}
