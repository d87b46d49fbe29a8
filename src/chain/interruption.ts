// A layer that waits until a signal is aborted.

import type { AbortSignalLike } from './effects.ts'

/** A layer that stops waiting for what it called, and why. */
export interface Interruption {
  level: number
  reason: unknown
}

/** Whoever is told of an interruption, at a moment at which no layer runs. */
export interface Interruptible {
  interrupt(interruption: Interruption): void
}

/** Tells `whom` when the first of `signals` is aborted. @returns what ends it */
export function watchSignals(
  signals: readonly AbortSignalLike[],
  level: number,
  whom: Interruptible,
): () => void {
  let isOver = false
  const tell = (reason: unknown): void => {
    queueMicrotask(() => {
      if (!isOver) whom.interrupt({ level, reason })
    })
  }
  const ends = signals.map((signal) => watchSignal(signal, tell))
  return () => {
    isOver = true
    for (const end of ends) end()
  }
}

function watchSignal(signal: AbortSignalLike, tell: (reason: unknown) => void): () => void {
  const onAbort = (): void => tell(signal.reason)
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort)
  return () => signal.removeEventListener('abort', onAbort)
}
