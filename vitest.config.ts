// The suite runs the sources in place of the package, in three processes.

import { fileURLToPath } from 'node:url'
import type { ViteUserConfig } from 'vitest/config'

const source = (path: string): string => fileURLToPath(new URL(`src/${path}`, import.meta.url))

const BEHAVIOUR = [
  'test/raw/**/*.test.ts',
  'test/server/websocket/*.test.ts',
  'test/conformance/wire.test.ts',
  // remote() and the apps of Python see events, and no engine.
  'test/adapters/{node,connect,fetch}/**/*.test.ts',
  'test/adapters/*.test.ts',
]

// These tests share the processes of their workers: a process for each file costs more than most of these files. A file with a
// process of its own replaces a module, or looks at the things that all files of a process share: open pools, the state of a host.
const OWN_PROCESS =
  'adversarial-fields|basic-auth|buffering|buffers|byte-store|file-faults|file-queue|mutations|nesting|options|page-browser|reload|send-file|spool|sync-host|temporary-file'
const FOLDERS =
  'adapters,async,benchmarks,chain,cli,client,feed,figures,hosting/protocol,hosting/gateway/scheduler,http,lint,' +
  'middleware,migrate,raw,report,server,sync,testing,waiting'
const SHARED = `test/{${FOLDERS}}/**/!(${OWN_PROCESS}).test.ts`

const config: ViteUserConfig = {
  resolve: {
    alias: [
      { find: /^isthmus$/, replacement: source('index.ts') },
      {
        find: /^isthmus\/(middleware|testing|adapters|migrate|channels)$/,
        replacement: source('$1.ts'),
      },
    ],
  },
  test: {
    // Tests of behaviour run over both engines.
    projects: [
      {
        extends: true,
        test: {
          name: 'native',
          include: ['test/**/*.test.ts'],
          exclude: [SHARED],
          provide: { engine: 'native' },
        },
      },
      {
        extends: true,
        test: {
          name: 'shared',
          include: [SHARED],
          isolate: false,
          provide: { engine: 'native' },
        },
      },
      {
        extends: true,
        test: {
          name: 'node',
          include: BEHAVIOUR,
          isolate: false,
          provide: { engine: 'node' },
        },
      },
    ],
    globalSetup: ['test/thread-bundles.ts'],
    pool: 'forks',
    maxWorkers: 3,
    execArgv: ['--throw-deprecation'],
    // A deadline ends a test that hangs. It does not judge the speed of a machine with other work.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { requireAssertions: true, poll: { timeout: 30_000 } },
    sequence: { shuffle: { tests: true } },
  },
}

export default config
