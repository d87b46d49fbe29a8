import { describe, expect, it } from 'vitest'
import { Page } from './docs/page.ts'
import { checkTypes, runPage } from './docs/run-page.ts'

describe('x', () => {
  for (const path of ['docs/styles.md', 'docs/threads.md']) {
  it(path, async () => {
    for (const { expected, actual } of await runPage(new Page(path))) expect(actual).toBe(expected)
  })
  it('types' + path, async () => {
    expect(await checkTypes([new Page(path)])).toBe('')
  })
  }
})
