// Makes docs/ticket-desk.png: the example desk while its report holds the event loop.

import { fileURLToPath } from 'node:url'
import { setTimeout } from 'node:timers/promises'
import { startChromium } from '../test/examples/chromium.ts'
import { buy, startDesk } from '../test/examples/desk-server.ts'

const PICTURE = fileURLToPath(new URL('../docs/ticket-desk.png', import.meta.url))
const CALM_MS = 25_000
const SALES = [
  ['Class 4b', 'tempest'],
  ['The Tuesday club', 'godot'],
  ['Table by the window', 'errors'],
  ['Two in the back', 'godot'],
  ['Front row', 'tempest'],
  ['The late train', 'errors'],
  ['The harbour choir', 'godot'],
] as const

await using desk = await startDesk()
const browser = await startChromium()
try {
  for (const [name, performance] of SALES) await buy(desk.url, { name, performance })

  const page = await browser.newPage({ viewport: { width: 1200, height: 800 } })
  await page.goto(desk.url)
  // A calm line on both sides of the peak.
  await setTimeout(CALM_MS)
  await page.getByRole('button', { name: 'Run the slow report' }).click()
  await page.locator('#verdict', { hasText: 'Done in' }).waitFor()
  await setTimeout(CALM_MS / 2)
  await page.screenshot({ path: PICTURE })
} finally {
  await browser.close()
}
