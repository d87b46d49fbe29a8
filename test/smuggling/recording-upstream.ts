// A real server after remote(), in a process of its own, and the requests that arrive there.

import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { settlesWithin } from '../../src/waiting/settles-within.ts'
import { startChild } from '../proxies/child.ts'
import { pythonWith } from '../python/python-with.ts'
import type { Child } from '../proxies/child.ts'
import type { PythonModule } from '../python/python-with.ts'

/** A request, as a server gave it to its app. Strings have one character for each byte. */
export interface Arrived {
  method: string
  /** Path and query. */
  target: string
  body: string
  /** False if the server knows that the body was cut. */
  isWhole: boolean
  /** The number of the probe; null for another request. */
  probe: string | null
  /** The port of the connection at its other end. */
  port: number
  /** The fields, if the server tells them one by one. */
  fields?: Array<[name: string, value: string]>
}

interface Kind {
  file: string
  words: readonly string[]
  needs: readonly PythonModule[] | null
}

/** The name of a kind of server. */
export type UpstreamName = 'node:http' | 'gunicorn' | 'uvicorn, httptools' | 'uvicorn, h11'

const KINDS: Readonly<Record<UpstreamName, Kind>> = {
  'node:http': { file: 'node.js', words: [], needs: null },
  gunicorn: { file: 'with_gunicorn.py', words: [], needs: ['gunicorn'] },
  'uvicorn, httptools': {
    file: 'with_uvicorn.py',
    words: ['httptools'],
    needs: ['uvicorn', 'httptools'],
  },
  'uvicorn, h11': { file: 'with_uvicorn.py', words: ['h11'], needs: ['uvicorn', 'h11'] },
}

/** The names of the servers. */
export const UPSTREAMS: readonly UpstreamName[] = Object.keys(KINDS) as UpstreamName[]

/** The packages that a server lacks on this machine, as `(needs …)`; empty if it is there. */
export function lackOf(name: UpstreamName): string {
  const { needs } = KINDS[name]
  return needs === null ? '' : pythonWith(needs).note.trim()
}

const START_MS = 30_000
const ARRIVE_MS = 10_000

/** A server that tells each request. The caller of start() stops the server. */
export class RecordingUpstream {
  readonly url: string
  readonly #child: Child
  #arrived: Arrived[] = []
  #wake: () => void = () => {}

  private constructor(url: string, child: Child, lines: NodeJS.EventEmitter) {
    this.url = url
    this.#child = child
    lines.on('line', (line: string) => {
      this.#arrived.push(JSON.parse(line) as Arrived)
      this.#wake()
    })
  }

  /** Starts a server. @throws Error if it does not listen */
  static async start(name: UpstreamName): Promise<RecordingUpstream> {
    const { file, words, needs } = KINDS[name]
    const program = needs === null ? process.execPath : pythonWith(needs).python
    const path = fileURLToPath(new URL(`upstreams/${file}`, import.meta.url))
    const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' }
    const child = startChild([program, path, ...words], { stdio: 'pipe', env })
    const lines = createInterface(child.process.stdout as NodeJS.ReadableStream)
    try {
      const signal = AbortSignal.timeout(START_MS)
      const [url] = (await once(lines, 'line', { signal })) as [string]
      return new RecordingUpstream(url, child, lines)
    } catch (error) {
      await child.stop('SIGKILL')
      throw new Error(`${name} does not start: ${child.complaint()}`, { cause: error })
    }
  }

  /** The requests up to that of a probe, with it; they are forgotten here. @throws Error if it does not arrive */
  async upToProbe(probe: string): Promise<Arrived[]> {
    const at = (): number => this.#arrived.findIndex((request) => request.probe === probe)
    if (
      !(await settlesWithin(
        this.#until(() => at() >= 0),
        ARRIVE_MS,
      ))
    ) {
      throw new Error(`probe ${probe} does not arrive: ${JSON.stringify(this.#arrived)}`)
    }
    return this.#arrived.splice(0, at() + 1)
  }

  /** Ends the process. */
  stop(): Promise<void> {
    return this.#child.stop('SIGKILL')
  }

  async #until(isReached: () => boolean): Promise<void> {
    while (!isReached()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}
