// Modules in TypeScript that many threads of the tests load, bundled before the tests start: tsx costs a thread four
// times the CPU of its start.

import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const ROOT = new URL('../', import.meta.url)
const FOLDER = '.thread-bundles/'
const FIXTURES = 'test/fixtures/threads/'
const ROWS = 'test/middleware/conformance/rows/'

/** The bundle of the module `url`, which keeps its query. */
export function bundleOf(url: URL): URL {
  const path = url.href.slice(ROOT.href.length).replace('.ts', '.js')
  return new URL(FOLDER + path, ROOT)
}

/** Vitest calls it before the tests, and again when files have changed. */
export async function setup(project: {
  onTestsRerun(bundle: () => Promise<void>): void
}): Promise<void> {
  await bundle()
  project.onTestsRerun(bundle)
}

async function bundle(): Promise<void> {
  const { build } = await import('esbuild')
  const rows = readdirSync(new URL(ROWS, ROOT)).map((name) => ROWS + name)
  await build({
    absWorkingDir: fileURLToPath(ROOT),
    entryPoints: [
      `${FIXTURES}behaviour-conformance.ts`,
      `${FIXTURES}behaviour-conformance-awaiting.ts`,
      `${FIXTURES}behaviour-middleware.ts`,
      `${FIXTURES}event-plan.ts`,
      ...rows,
    ],
    outbase: '.',
    outdir: FOLDER,
    bundle: true,
    splitting: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
  })
}
