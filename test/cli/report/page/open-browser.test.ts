// The program that opens an address.

import { expect, it } from 'vitest'
import { openBrowser } from '../../../../src/cli/report/page/open-browser.ts'

it('opens nothing, and fails in nothing, on a machine without such a program', async () => {
  const { PATH } = process.env
  process.env['PATH'] = '/nowhere'
  try {
    openBrowser('http://127.0.0.1:1/')
    await new Promise((resolve) => setTimeout(resolve, 100))
  } finally {
    process.env['PATH'] = PATH
  }
  expect(process.env['PATH']).toBe(PATH)
})
