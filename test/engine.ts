// The engine of this run of the suite: vitest.config.ts runs the behavioural suites once for each engine.

import { inject } from 'vitest'

declare module 'vitest' {
  interface ProvidedContext {
    engine: 'native' | 'node'
  }
}

/** The engine under test. */
export const engine: 'native' | 'node' = inject('engine')
