// The command's side of the process that hosts the app of isthmus bench.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { AppLoadError, IsthmusError } from '../../errors.ts'
import { settlesWithin } from '../../waiting/settles-within.ts'
import type { ChildProcess } from 'node:child_process'
import type { Answers } from './load.ts'
import type { FromHost, Mounted, ToHost, Usage } from './messages.ts'
import type { NamedApps } from '../load-mounted.ts'

const CLOSE_MS = 5_000

class HostEnded extends IsthmusError {
  readonly code = 'ISTHMUS_BENCH_HOST_ENDED'
}

/** A process that hosts the app. The caller of {@link openBenchProcess} closes it. */
export interface BenchProcess {
  url: string
  mounts: readonly Mounted[]
  /** Runs `work`. Resolves with its result, and with the resources that the process used meanwhile. */
  usageOf(work: () => Promise<Answers>): Promise<[Answers, Usage]>
  close(): Promise<void>
}

/**
 * Starts a process that hosts `apps`.
 *
 * @throws {@link AppLoadError} (`ISTHMUS_APP_LOAD`) if the apps cannot be loaded or served
 */
export async function openBenchProcess(apps: NamedApps): Promise<BenchProcess> {
  const isSource = import.meta.url.endsWith('.ts')
  const child = fork(new URL(isSource ? './host.ts' : './host.js', import.meta.url))
  const ended = endOf(child)
  const ask = (message: ToHost): Promise<FromHost> => Promise.race([answer(child, message), ended])
  const close = (): Promise<void> => end(child)
  try {
    const listening = await ask({ type: 'open', apps })
    if (listening.type !== 'listening') throw new HostEnded(`the host sent ${listening.type}`)
    const { url, mounts } = listening
    return {
      url,
      mounts,
      close,
      async usageOf(work) {
        await ask({ type: 'begin' })
        const result = await Promise.race([work(), ended])
        const usage = await ask({ type: 'read', requests: result.tookMs.length })
        if (usage.type !== 'usage') throw new HostEnded(`the host sent ${usage.type}`)
        return [result, usage]
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Rejects when the process ends, because no answer can come after that. */
function endOf(child: ChildProcess): Promise<never> {
  const ended = once(child, 'exit').then(([code]): never => {
    throw new HostEnded(
      `the app ended its process, with exit status ${String(code)}, while it was measured`,
    )
  })
  // The process also ends after the last request to it; that rejection needs no handler.
  ended.catch(() => undefined)
  return ended
}

async function answer(child: ChildProcess, message: ToHost): Promise<FromHost> {
  const answered = once(child, 'message') as Promise<[FromHost]>
  // `ended` reports the end of the process, so an error of send() is ignored.
  child.send(message, () => undefined)
  const [first] = await answered
  if (first.type !== 'failed') return first
  throw first.isUsage
    ? new AppLoadError(first.message)
    : new AppLoadError(first.message, { cause: first.message })
}

// The app gets its lifespan.shutdown. A process that does not end after it is killed.
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  if (child.connected) child.send({ type: 'close' } satisfies ToHost, () => undefined)
  if (!(await settlesWithin(exited, CLOSE_MS))) child.kill('SIGKILL')
  await exited
}
