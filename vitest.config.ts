// How the suite runs: the sources stand for the package, two processes, and nothing may dangle.

import { fileURLToPath } from 'node:url'
import type { ViteUserConfig } from 'vitest/config'

const source = (path: string): string => fileURLToPath(new URL(`src/${path}`, import.meta.url))

const BEHAVIOUR = [
  'test/raw/**/*.test.ts',
  'test/server/websocket/*.test.ts',
  'test/conformance/wire.test.ts',
]

const config: ViteUserConfig = {
  resolve: {
    alias: [
      { find: /^isthmus$/, replacement: source('index.ts') },
      { find: /^isthmus\/(middleware|testing)$/, replacement: source('$1.ts') },
    ],
  },
  test: {
    // What is true of a server is true over either engine.
    projects: [
      {
        extends: true,
        test: { name: 'native', include: ['test/**/*.test.ts'], provide: { engine: 'native' } },
      },
      {
        extends: true,
        test: {
          name: 'node',
          include: BEHAVIOUR,
          // node:http takes what we refuse, and answers some refusals with other statuses: docs/native-engine.md has
          // the list, and corpus/afterwards.test.ts holds what both take to the same answers.
          exclude: ['test/raw/corpus.test.ts'],
          provide: { engine: 'node' },
        },
      },
    ],
    pool: 'forks',
    maxWorkers: 2,
    execArgv: ['--throw-deprecation'],
    testTimeout: 15_000,
    hookTimeout: 15_000,
    expect: { requireAssertions: true },
    sequence: { shuffle: { tests: true } },
  },
}

export default config
