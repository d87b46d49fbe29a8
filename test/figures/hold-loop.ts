// Code that holds the event loop, for tests on a machine that may be busy.

/**
 * Computes for `ms`, and until this process has used as much CPU time. A busy machine makes it last longer. The CPU time alone
 * would not do: other threads of the process use some too.
 */
export function holdLoop(ms: number): void {
  const startedAt = performance.now()
  const before = process.cpuUsage()
  for (;;) {
    const { user, system } = process.cpuUsage(before)
    if (user + system >= ms * 1_000 && performance.now() - startedAt >= ms) return
  }
}
