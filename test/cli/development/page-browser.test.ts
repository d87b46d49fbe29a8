// The page of an app that does not load as a developer sees it: in a real browser.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startChromium } from '../../examples/chromium.ts'
import { Started } from '../started.ts'
import type { Browser } from 'playwright-core'

const MAIN = join(import.meta.dirname, '../../../dist/cli/main.js')
const DEADLINE_MS = 60_000
const folder = mkdtempSync(join(tmpdir(), 'isthmus-page-'))

let browser: Browser
beforeAll(async () => {
  browser = await startChromium()
}, DEADLINE_MS)
afterAll(async () => {
  await browser?.close()
  rmSync(folder, { recursive: true })
})

const ERROR_PAGE = new URL('../../../dist/middleware.js', import.meta.url).href

function save(body: string): void {
  const app = `
    import { errorPage } from '${ERROR_PAGE}'
    export default errorPage()(async (scope, receive, send) => {
      if (scope.type !== 'http') return
      ${body}
    })`
  writeFileSync(join(folder, 'app.mjs'), app)
}

function answer(text: string): string {
  return `
    const headers = [['content-type', 'text/html']]
    await send({ type: 'http.response.start', status: 200, headers })
    await send({ type: 'http.response.body', body: '<p>${text}</p>' })`
}

it(
  'shows each failure of a load and of the app, and the mended app, without a hand on the browser',
  { timeout: 4 * DEADLINE_MS },
  async () => {
    save('const first = ;')
    const words = [MAIN, 'serve', 'app.mjs', '--reload', '--port=0', '--threads=1', '--debug']
    using server = new Started(process.execPath, words, { cwd: folder })
    const page = await browser.newPage()
    page.setDefaultTimeout(DEADLINE_MS)
    await page.goto(await server.url())
    await page.getByText("Unexpected token ';'").waitFor()
    save('const first = 1; const first = 2')
    await page.getByText("Identifier 'first' has already been declared").waitFor()
    save("throw new Error('the desk is on fire')")
    await page.getByRole('heading', { name: 'the desk is on fire' }).waitFor()
    save(answer('The desk is open'))
    await page.getByText('The desk is open').waitFor()
    expect(await page.locator('p').allInnerTexts()).toEqual(['The desk is open'])
  },
)
