// A wait with a time limit.

/** The longest delay of setTimeout, in ms: 24.8 days. A longer delay would fire at once. */
export const MAX_TIMER_MS: number = 2 ** 31 - 1

/** Waits for `work`, at most `timeoutMs`. Resolves with false if the time ends first, and rejects if `work` rejects. */
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
