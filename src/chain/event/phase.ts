// The decisions of a chain around an event app: a phase and an event in, a decision out. No I/O, no promise.

/** How far the chain is with one exchange. */
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
  /** The chain sends nothing more of its own, and nothing of the app. */
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

interface Row {
  /** The phase after each move; a move that is missing cannot happen. */
  moves: Readonly<Partial<Record<Move, Phase>>>
  /**
   * The way of an event that the app sends: it belongs to the `head`, has to `wait` for the choice of the layers, goes to
   * the server (`pass`), or is refused as if the client had left (`refuse`).
   */
  send: 'head' | 'wait' | 'pass' | 'refuse'
  /**
   * The meaning of the end of the app: the layers get an error, because no response can come any more (`tell`); the end
   * has to `wait` for the choice of the layers; it ends the exchange (`end`); or it has no effect on the response
   * (`ignore`).
   */
  end: 'tell' | 'wait' | 'end' | 'ignore'
}

const CHOOSE = { answer: 'answering', fail: 'closed' } as const

const TABLE: Readonly<Record<Phase, Row>> = {
  open: {
    moves: { ...CHOOSE, head: 'deciding', interrupt: 'interrupted' },
    send: 'head',
    end: 'tell',
  },
  deciding: {
    moves: { ...CHOOSE, pass: 'starting', interrupt: 'deciding' },
    send: 'wait',
    end: 'wait',
  },
  starting: { moves: { begin: 'passing' }, send: 'wait', end: 'wait' },
  passing: { moves: {}, send: 'pass', end: 'end' },
  interrupted: { moves: { ...CHOOSE, interrupt: 'interrupted' }, send: 'refuse', end: 'ignore' },
  answering: { moves: { sent: 'closed' }, send: 'refuse', end: 'ignore' },
  closed: { moves: {}, send: 'refuse', end: 'ignore' },
}

/**
 * The phase after `move`.
 *
 * @throws Error for a move that cannot happen in `phase`: a bug of the chain
 */
export function phaseAfter(phase: Phase, move: Move): Phase {
  const next = TABLE[phase].moves[move]
  if (next !== undefined) return next
  throw new Error(`the chain cannot make the move "${move}" in the phase "${phase}"`)
}

/** The way of an event that the app sends in `phase`. */
export function wayOfSend(phase: Phase): Row['send'] {
  return TABLE[phase].send
}

/** The meaning of the end of the app in `phase`. */
export function meaningOfEnd(phase: Phase): Row['end'] {
  return TABLE[phase].end
}

/** Whether the exchange is over: the response has no further part, and the app has ended or was not called. */
export function isOver(phase: Phase, app: AppState): boolean {
  return (phase === 'passing' || phase === 'closed') && app !== 'running'
}
