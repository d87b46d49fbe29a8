// A layer that waits for a response until a signal is aborted.

/** The part of an AbortSignal that a chain uses. A middleware may pass a cheaper object than a real AbortSignal. */
export interface AbortSignalLike {
  readonly aborted: boolean
  readonly reason: unknown
  /** Calls `listener` when the signal is aborted. */
  addEventListener(type: 'abort', listener: () => void): void
  /** Forgets `listener`. */
  removeEventListener(type: 'abort', listener: () => void): void
}

/** The layer that stops waiting for the inner ones, and the reason. */
export interface Interruption {
  level: number
  reason: unknown
}

/** Takes an interruption. No layer runs at that moment. */
export interface Interruptible {
  interrupt(interruption: Interruption): void
}

/**
 * Calls `target.interrupt` in a microtask when the first of `signals` is aborted.
 *
 * @returns a function that removes the listeners
 */
export function watchSignals(
  signals: readonly AbortSignalLike[],
  level: number,
  target: Interruptible,
): () => void {
  let isOver = false
  const interrupt = (reason: unknown): void => {
    queueMicrotask(() => {
      if (!isOver) target.interrupt({ level, reason })
    })
  }
  const ends = signals.map((signal) => watchSignal(signal, interrupt))
  return () => {
    isOver = true
    for (const end of ends) end()
  }
}

function watchSignal(signal: AbortSignalLike, interrupt: (reason: unknown) => void): () => void {
  const onAbort = (): void => interrupt(signal.reason)
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort)
  return () => signal.removeEventListener('abort', onAbort)
}
