// The two things that the scheduler directs: a request, and the way to a host. A thread is one kind of host; a process
// at a socket can be another.

/** A request in the eyes of the scheduler. */
export interface ScheduledRequest {
  /** A number that the pool never uses again. */
  readonly id: number
  /**
   * The time at which the request came to the scheduler, which sets it, in ms by the clock of the shell. A request that was
   * taken back keeps it.
   */
  arrivedAt: number
  /** The request is answered or has failed. It needs no host any more. */
  readonly isOver: boolean
  /** The app can do nothing before its client has sent, or taken, some bytes. */
  readonly waitsForClient: boolean
  /** The request holds its host for as long as its client stays: a WebSocket of a sync app. */
  readonly holdsHost: boolean
  /** The client of such a request has left, or the app has closed: the end of the request is near. */
  readonly isEnding: boolean
  /** Ends the request with an error. A second call has no effect. */
  fail(error: unknown): void
  /** Tells the app that its host is about to end. */
  warn(): void
}

/** The way to one host. The requests of a host have numbers from 0 on, in the order in which the host runs them. */
export interface HostPort<Request> {
  /** Sends `request` as number `turn`. */
  assign(request: Request, turn: number): void
  /** Sends `request` to run at once, inside the request with the id `holder`. */
  assignNested(request: Request, holder: number): void
  /**
   * Takes number `turn` back; false: the host has begun the request. A transport without shared memory always
   * returns false.
   */
  takeBack(turn: number): boolean
  /** Whether the transport has no room for number `turn` at the moment. */
  isFull(turn: number): boolean
  /** The number of requests that the host has come to; those that were taken back count. */
  readonly reached: number
  /** A number that changes with each call of a request that holds the host to its client; odd while it waits for the client. */
  readonly steps: number
  /** Asks a host with an event loop whether it turns. */
  ask(now: number): void
  /** How long the event loop of the host has not turned since a question or a message, in ms; 0 if it has. */
  waitedMs(now: number): number
}
