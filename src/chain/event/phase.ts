// The decisions of a chain around an event app: a phase and an event in, a decision out. No I/O, no promise.

/** The progress of a chain in one exchange. */
export type Phase =
  /** The layers are on the way in, or the app runs and its head is not complete. */
  | 'open'
  /** The head of the app is complete, and the layers choose the response. */
  | 'deciding'
  /** The layers have chosen the app's response. The send that completed the head begins it, before all later sends. */
  | 'starting'
  /** The app's response goes to the server. */
  | 'passing'
  /** A signal of `until` was aborted before there was a head; the layers choose the response. */
  | 'interrupted'
  /** The response of a middleware goes to the server. */
  | 'answering'
  /** The chain sends nothing more: no event of its own and no event of the app. */
  | 'closed'

/** An event that changes the phase. */
export type Move =
  /** The app has sent a complete head. */
  | 'head'
  /** The layers return the app's response. */
  | 'pass'
  /** The layers return another response. */
  | 'answer'
  /** The layers throw. */
  | 'fail'
  /** A signal of `until` is aborted. */
  | 'interrupt'
  /** The app's response begins. */
  | 'begin'
  /** The response of a middleware is sent. */
  | 'sent'

/** Whether the app runs. */
export type AppState = 'not called' | 'running' | 'returned' | 'threw'

/**
 * The way of an event that the app sends: it belongs to the `head`, has to `wait` for the choice of the layers, goes to the
 * server (`pass`), or is refused as if the client had left (`refuse`).
 */
type WayOfSend = 'head' | 'wait' | 'pass' | 'refuse'

/**
 * The meaning of the end of the app: the layers get an error, because no response can come any more (`tell`); the end has to
 * `wait` for the choice of the layers; it ends the exchange (`end`); or it has no effect on the response (`ignore`).
 */
type MeaningOfEnd = 'tell' | 'wait' | 'end' | 'ignore'

/**
 * The phase after `move`. A switch, because a table of objects costs 100 ns more for each request.
 *
 * | phase       | moves                                                     |
 * | ----------- | --------------------------------------------------------- |
 * | open        | head → deciding, interrupt → interrupted, and the choices |
 * | deciding    | pass → starting, interrupt → deciding, and the choices    |
 * | starting    | begin → passing                                           |
 * | interrupted | interrupt → interrupted, and the choices                  |
 * | answering   | sent → closed                                             |
 *
 * The choices: answer → answering, fail → closed.
 *
 * @throws Error for a move that cannot happen in `phase`: a bug of the chain
 */
export function phaseAfter(phase: Phase, move: Move): Phase {
  switch (move) {
    case 'head':
      if (phase === 'open') return 'deciding'
      break
    case 'pass':
      if (phase === 'deciding') return 'starting'
      break
    case 'begin':
      if (phase === 'starting') return 'passing'
      break
    case 'answer':
      if (canChoose(phase)) return 'answering'
      break
    case 'fail':
      if (canChoose(phase)) return 'closed'
      break
    case 'interrupt':
      if (canChoose(phase)) return phase === 'deciding' ? 'deciding' : 'interrupted'
      break
    case 'sent':
      if (phase === 'answering') return 'closed'
      break
  }
  throw new Error(`the chain cannot make the move "${move}" in the phase "${phase}"`)
}

/** The way of an event that the app sends in `phase`. */
export function wayOfSend(phase: Phase): WayOfSend {
  switch (phase) {
    case 'open':
      return 'head'
    case 'deciding':
    case 'starting':
      return 'wait'
    case 'passing':
      return 'pass'
    case 'interrupted':
    case 'answering':
    case 'closed':
      return 'refuse'
  }
}

/** The meaning of the end of the app in `phase`. */
export function meaningOfEnd(phase: Phase): MeaningOfEnd {
  switch (phase) {
    case 'open':
      return 'tell'
    case 'deciding':
    case 'starting':
      return 'wait'
    case 'passing':
      return 'end'
    case 'interrupted':
    case 'answering':
    case 'closed':
      return 'ignore'
  }
}

/** Whether the exchange is over: the response has no further part, and the app has ended or was not called. */
export function isOver(phase: Phase, app: AppState): boolean {
  return (phase === 'passing' || phase === 'closed') && app !== 'running'
}

function canChoose(phase: Phase): boolean {
  return phase === 'open' || phase === 'deciding' || phase === 'interrupted'
}
