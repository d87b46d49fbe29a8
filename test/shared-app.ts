// One hosted app for all tests of a file: the start of a thread or a process takes longer than most tests.

import { events } from 'isthmus'
import { startLifespan } from '../src/async/lifespan.ts'
import type { EventApp, Log } from 'isthmus'
import type { Lifespan } from '../src/async/lifespan.ts'

/** The field of a request that tells the hosted app which recipe it follows. */
export const RECIPE_FIELD = 'x-recipe'

/** Owns the threads or processes of an app, which start with the first request. The file of tests ends it in `afterAll`. */
export class SharedApp {
  readonly #lines: string[] = []
  readonly #app: EventApp
  #lifespan: Promise<Lifespan> | undefined

  constructor(app: EventApp) {
    this.#app = app
  }

  /** The hosted app, which gets `recipe` in the field x-recipe. Its own lifespan starts and ends nothing. */
  with(recipe: object): EventApp {
    const field: [string, string] = [RECIPE_FIELD, ascii(JSON.stringify(recipe))]
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
   * Ends the threads or processes, if they were started.
   *
   * @param expected The lines that the log may have
   * @throws if the log has another line: a complaint of the validator, or another output of the host
   */
  async end(expected?: RegExp): Promise<void> {
    const lifespan = await this.#lifespan
    await lifespan?.shutdown()
    const lines = this.#lines.filter((line) => expected?.test(line) !== true)
    if (lines.length > 0) throw new Error(`the log has lines: ${lines.join('; ')}`)
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
