// isthmus report --open, from the command to a real browser, in front of a server with a migration.

import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { untilGone } from '../../../../src/cli/report/page/command.ts'
import { startChromium } from '../../../examples/chromium.ts'
import { Command, get, run } from '../../command.ts'
import type { Browser } from 'playwright-core'

const MIGRATING = 'test/fixtures/cli/migrating.js'
const DEADLINE_MS = 30_000

let folder = ''
let browser: Browser
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-open-'))
  browser = await startChromium()
}, 60_000)
afterAll(async () => {
  await browser?.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('isthmus report --open', { timeout: 120_000 }, () => {
  it('opens a page on which a person moves the share, until the server is gone', async () => {
    const control = join(folder, 'c.sock')
    const opened = fakeBrowser()
    using server = new Command(['serve', MIGRATING, '--port', '0', '--control', control])
    const shop = await server.url()
    using page = new Command(['report', '--open', '--control', control], opened.env)
    const line = await page.says('until Ctrl-C\n')
    const [, url = ''] = /^the report is at (http:\/\/127\.0\.0\.1:\d+\/\S{32}\/) until/.exec(line)!

    // The address for the browser is another one: the arguments of a process are no secret.
    await expect.poll(opened.url, { timeout: DEADLINE_MS }).toMatch(/^http:.*\/open\/\S{32}$/)
    const context = await browser.newContext()
    context.setDefaultTimeout(DEADLINE_MS)
    const tab = await context.newPage()
    await tab.goto(opened.url())
    expect(tab.url()).toBe(url)

    await tab.getByRole('slider', { name: 'Share of the new app of /orders' }).fill('100')
    await tab.getByText('100 % of the clients have the new app.').waitFor()
    expect(await ordersOf(shop)).toBe('new')
    await tab.getByRole('button', { name: 'Roll back' }).click()
    await tab.getByText('Rolled back').waitFor()
    expect(await ordersOf(shop)).toBe('old')

    server.signal('SIGTERM')
    await tab.locator('#state', { hasText: 'there is no ' }).waitFor()
    await context.close()
    page.signal('SIGINT')
    expect((await page.ended()).signal).toBe('SIGINT')
  })

  it('fails at once without a server', async () => {
    const control = join(folder, 'none.sock')
    const { status, stdout, stderr } = await run(['report', '--open', '--control', control])
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toContain(`there is no ${control}; start the server with --control`)
  })

  it('needs no browser', async () => {
    const control = join(folder, 'n.sock')
    using server = new Command(['serve', MIGRATING, '--port', '0', '--control', control])
    await server.url()
    using page = new Command(['report', '--open', '--control', control], { PATH: folder })
    const [, url = ''] = /at (\S+) until/.exec(await page.says('until Ctrl-C\n'))!
    expect(JSON.parse(await get(`${url}report.json`))).toMatchObject({ version: 1 })
    const refused = await fetch(`${url}migrations?path=/none`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: '{"share":1}',
    })
    expect(refused.status).toBe(502)
    expect(await refused.json()).toEqual({
      error: 'there is no migration at /none; the migrations are at /orders',
    })
  })
})

describe('the wait for the end of the server', () => {
  it('goes on while the server comes back, and ends when it stays away', async () => {
    const answers = [false, true, false, true]
    let asked = 0
    const ask = async (): Promise<void> => {
      asked += 1
      if (!answers.shift()) throw new Error('gone')
    }
    await untilGone(ask, { everyMs: 1, goneMs: 2_000 })
    expect(asked).toBeGreaterThan(4)
  })
})

/** A program that keeps the address that it should open. */
function fakeBrowser(): { env: Record<string, string>; url: () => string } {
  const file = join(folder, 'opened')
  const program = join(folder, process.platform === 'darwin' ? 'open' : 'xdg-open')
  writeFileSync(file, '')
  writeFileSync(program, `#!/bin/sh\nprintf %s "$1" > ${file}\n`)
  chmodSync(program, 0o755)
  const path = `${folder}:${process.env['PATH']}`
  return { env: { PATH: path }, url: () => readFileSync(file, 'utf8') }
}

async function ordersOf(shop: string): Promise<string> {
  const response = await fetch(`${shop}/orders`, { headers: { 'x-user': 'anna' } })
  return response.text()
}
