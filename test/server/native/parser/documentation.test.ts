// The page about the parser agrees with the code and with the measured figures.

import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { Page } from '../../../docs/page.ts'
import { CORPUS } from '../../../raw/corpus/corpus.ts'
import { LOOSER, STRICTER } from './differences.ts'

const page = new Page('docs/native-engine.md')
const results = (name: string): unknown =>
  JSON.parse(
    readFileSync(new URL(`../../../../benchmarks/results/${name}`, import.meta.url), 'utf8'),
  )

it('the page lists the classes in which the parser refuses more than node:http, with their reasons', () => {
  const listed = STRICTER.map(({ name }) => [name, page.rows.get(name)?.[0]])
  expect(listed).toEqual(STRICTER.map(({ name, because }) => [name, because]))
})

it('the page lists the classes in which the parser accepts more than node:http, with their reasons', () => {
  const listed = LOOSER.map(({ name }) => [name, page.rows.get(name)?.[0]])
  expect(listed).toEqual(LOOSER.map(({ name, because }) => [name, because]))
})

it('the page names every status that the corpus knows, and no other', () => {
  const refusals = Object.values(CORPUS).flatMap((cases) => cases.map((entry) => entry.then))
  const known = new Set(refusals.filter((then) => typeof then === 'number'))
  const named = [...page.text.matchAll(/^\| (\d{3}) \|/gm)].map(([, status]) => Number(status))
  expect(new Set(named)).toEqual(known)
})

it('the page quotes the last long run of the fuzzer', () => {
  const { mutated, connections, accepted, seconds, faults, seed } = results('fuzz.json') as Record<
    string,
    number
  >
  expect(mutated).toBeGreaterThanOrEqual(1_000_000)
  expect(faults).toBe(0)
  for (const figure of [mutated, connections, accepted, seconds, seed]) {
    expect(page.text).toContain(` ${figure?.toLocaleString('en-US')} `)
  }
})

it('the page quotes the last run of the benchmark', () => {
  const { rows } = results('head-parser.json') as { rows: Array<{ name: string; median: number }> }
  for (const { name, median } of rows) {
    expect(page.text).toContain(`| ${name} | ${median.toLocaleString('en-US')} |`)
  }
})
