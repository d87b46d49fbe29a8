// Code that holds the event loop, for tests on a machine that may be busy.

/** Computes until this process has used `ms` of CPU time: a busy machine makes it last longer. */
export function holdLoop(ms: number): void {
  const before = process.cpuUsage()
  for (;;) {
    const { user, system } = process.cpuUsage(before)
    if (user + system >= ms * 1_000) return
  }
}
