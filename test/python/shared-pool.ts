// One process of Python for all tests of a file: the start of a process takes about 100 ms.

import { fileURLToPath } from 'node:url'
import { events, python } from 'isthmus'
import { startLifespan } from '../../src/async/lifespan.ts'
import { PYTHON } from './program.ts'
import type { EventApp, Log, PythonOptions } from 'isthmus'
import type { Lifespan } from '../../src/async/lifespan.ts'

const FIXTURES = fileURLToPath(new URL('../fixtures/python', import.meta.url))

/** The options of a process with an app in test/fixtures/python. */
export const FIXTURE: PythonOptions = {
  processes: 1,
  python: PYTHON,
  cwd: FIXTURES,
  env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', VIRTUAL_ENV: undefined },
}

/** Owns a process that starts with the first request. The file of tests ends it in `afterAll`. */
export class SharedPool {
  readonly #lines: string[] = []
  readonly #app: EventApp
  #lifespan: Promise<Lifespan> | undefined

  constructor(spec: string, options: PythonOptions = {}) {
    this.#app = python(spec, { ...FIXTURE, ...options })
  }

  /** The app in the process, which gets `recipe` in the field x-recipe. Its own lifespan starts and ends nothing. */
  with(recipe: object): EventApp {
    const field: [string, string] = ['x-recipe', ascii(JSON.stringify(recipe))]
    return events(async (scope, receive, send) => {
      if (scope.type === 'lifespan') {
        await receive()
        await send({ type: 'lifespan.startup.complete' })
        await receive()
        return send({ type: 'lifespan.shutdown.complete' })
      }
      await this.#start()
      return this.#app({ ...scope, headers: [...scope.headers, field] }, receive, send)
    })
  }

  /**
   * Ends the process, if it was started.
   *
   * @throws if the log has a line: a complaint of the validator, or another output of the process
   */
  async end(): Promise<void> {
    const lifespan = await this.#lifespan
    await lifespan?.shutdown()
    if (this.#lines.length > 0) throw new Error(`the log has lines: ${this.#lines.join('; ')}`)
  }

  #start(): Promise<Lifespan> {
    this.#lifespan ??= startLifespan(this.#app, { mode: 'on', log: logOf(this.#lines) })
    return this.#lifespan
  }
}

// A field has Latin-1 alone.
function ascii(json: string): string {
  return json.replace(/[^\x20-\x7e]/g, (char) => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

function logOf(lines: string[]): Log {
  const at = (level: string) => (fields: Record<string, unknown>, message: string) => {
    const cause = fields['err'] instanceof Error ? `: ${fields['err'].message}` : ''
    lines.push(`${level}: ${message}${cause}`)
  }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
