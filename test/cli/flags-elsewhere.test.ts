// The names of gunicorn and uvicorn for flags that isthmus has under other names.

import { expect, it } from 'vitest'
import { FLAGS_ELSEWHERE } from '../../src/cli/flags-elsewhere.ts'
import { SERVE_GROUPS } from '../../src/cli/serve-groups.ts'
import { Page } from '../docs/page.ts'

const tables: object[] = Object.values(SERVE_GROUPS).map(({ table }) => table)
const flags = tables.flatMap((table) => Object.values(table).map(({ flag }) => `--${flag}`))
const { text } = new Page('docs/python.md')
const elsewhere = /\n## From gunicorn\n(.+?)\n## Differences\n/s.exec(text)?.[1] ?? ''

it('each is no flag of isthmus, and names flags of isthmus', () => {
  const names = Object.keys(FLAGS_ELSEWHERE).map((name) => `--${name}`)
  const meant = Object.values(FLAGS_ELSEWHERE).flatMap((words) => words.match(/--[a-z-]+/g) ?? [])
  expect(names.filter((name) => flags.includes(name))).toEqual([])
  expect(meant.filter((flag) => !flags.includes(flag))).toEqual([])
})

it('docs/python.md says of no flag of isthmus that it is not there', () => {
  const missing = elsewhere.split('\n').filter((row) => /^[^|]*\|[^|]+\| none \|/.test(row))
  const named = missing.flatMap((row) => row.split('|')[1]?.match(/--[a-z-]+/g) ?? [])
  expect(named).toContain('--preload')
  expect(named.filter((name) => flags.includes(name))).toEqual([])
})
