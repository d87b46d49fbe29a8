// A process that hosts the app of isthmus bench, as the command sees it.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { AppLoadError, IsthmusError } from '../errors.ts'
import { within } from '../async/within.ts'
import type { ChildProcess } from 'node:child_process'
import type { FromHost, Mounted, ToHost, Usage } from './bench-messages.ts'
import type { NamedApps } from './load-mounted.ts'

const CLOSE_MS = 5_000

class HostEnded extends IsthmusError {
  readonly code = 'ISTHMUS_BENCH_HOST_ENDED'
}

/** The app, hosted. Whoever opened it closes it. */
export interface BenchProcess {
  url: string
  mounts: readonly Mounted[]
  /** What the process used while `work` was under way, and what `work` returned. */
  usageOf<Result>(work: () => Promise<Result>): Promise<[Result, Usage]>
  close(): Promise<void>
}

/** Starts a process for `apps`. @throws {@link AppLoadError} (`ISTHMUS_APP_LOAD`), and what serving them throws */
export async function openBenchProcess(apps: NamedApps): Promise<BenchProcess> {
  const isSource = import.meta.url.endsWith('.ts')
  const child = fork(new URL(isSource ? './bench-host.ts' : './bench-host.js', import.meta.url))
  const ask = (message: ToHost): Promise<FromHost> => answer(child, message)
  const close = (): Promise<void> => end(child)
  try {
    const listening = await ask({ type: 'open', apps })
    if (listening.type !== 'listening') throw new HostEnded(`the host said ${listening.type}`)
    const { url, mounts } = listening
    return {
      url,
      mounts,
      close,
      async usageOf(work) {
        await ask({ type: 'begin' })
        const result = await work()
        const usage = await ask({ type: 'read' })
        if (usage.type !== 'usage') throw new HostEnded(`the host said ${usage.type}`)
        return [result, usage]
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function answer(child: ChildProcess, message: ToHost): Promise<FromHost> {
  const over = new AbortController()
  const { signal } = over
  const said = once(child, 'message', { signal }) as Promise<[FromHost]>
  const ended = once(child, 'exit', { signal }).then(([code]): never => {
    throw new HostEnded(
      `the app ended its process, with exit status ${String(code)}, while it was measured`,
    )
  })
  try {
    child.send(message)
    const [first] = await Promise.race([said, ended])
    if (first.type !== 'failed') return first
    throw first.isUsage
      ? new AppLoadError(first.message)
      : new AppLoadError(first.message, { cause: first.message })
  } finally {
    // Both waits, of which one may still be under way.
    for (const wait of [said, ended]) wait.catch(() => undefined)
    over.abort()
  }
}

// The app gets its lifespan.shutdown; what does not end by itself is ended.
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  if (child.connected) child.send({ type: 'close' } satisfies ToHost)
  if (!(await within(exited, CLOSE_MS))) child.kill('SIGKILL')
  await exited
}
