// npm run bench:micro: every microbenchmark, one after the other, each in a process of its own.

import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const FOLDER = new URL('./', import.meta.url)
const PARTS = ['all.ts', 'nanoseconds.ts']
const [only = ''] = process.argv.slice(2)

const files = readdirSync(FOLDER).filter((file) => !PARTS.includes(file) && file.includes(only))
if (files.length === 0) throw new Error(`there is no microbenchmark "${only}"`)
for (const file of files) {
  console.log(`\n${file.replace('.ts', '')}`)
  const words = ['--expose-gc', '--import', 'tsx', fileURLToPath(new URL(file, FOLDER))]
  const { status } = spawnSync(process.execPath, words, { stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
}
