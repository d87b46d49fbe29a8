// Lists the phrases in comments, titles of tests and documents that the rule of plain language keeps out:
//
//   npm run plain -- [--count] [FILE or FOLDER …]
//
// `--count` prints the number of words and of such phrases by folder instead.

import { parseArgs } from 'node:util'
import { riddles, wordCount } from '../test/architecture/plain-language.ts'
import { filesOfProse, proseOf } from '../test/architecture/project-prose.ts'

const { values, positionals } = parseArgs({
  options: { count: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const roots = positionals.length > 0 ? positionals : ['.']
const rows = filesOfProse(roots).map((path) => {
  const prose = proseOf(path)
  return { path, words: wordCount(prose), found: riddles(path, prose) }
})

if (values.count) printCounts()
else for (const { found } of rows) for (const line of found) console.log(line)
process.exitCode = rows.some(({ found }) => found.length > 0) ? 1 : 0

function printCounts(): void {
  for (const [folder, files] of byFolder()) {
    const words = files.reduce((sum, file) => sum + file.words, 0)
    const found = files.reduce((sum, file) => sum + file.found.length, 0)
    const perThousand = words === 0 ? 0 : (found / words) * 1000
    console.log(`${folder}: ${words} words, ${found} riddles, ${perThousand.toFixed(1)} per 1,000`)
  }
}

function byFolder(): Map<string, typeof rows> {
  const folders = new Map<string, typeof rows>()
  for (const row of rows) {
    const folder = row.path.includes('/') ? row.path.split('/')[0]! : '.'
    folders.set(folder, [...(folders.get(folder) ?? []), row])
  }
  return folders
}
