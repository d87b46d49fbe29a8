// A wait with an end.

/** setTimeout fires at once above this; 24.8 days stand for ever. */
export const MAX_TIMER_MS: number = 2 ** 31 - 1

/** Waits for `work` at most `timeoutMs`; false: it is still under way. Rejects as `work` does. */
export async function settlesWithin(
  work: PromiseLike<unknown>,
  timeoutMs: number,
): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const expired = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), Math.min(timeoutMs, MAX_TIMER_MS))
  })
  try {
    return await Promise.race([Promise.resolve(work).then(() => true), expired])
  } finally {
    clearTimeout(timer)
  }
}
