// The file that keeps the changes of migrations over a restart.

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SILENT_LOG } from '../../../src/silent-log.ts'
import { MigrateState } from '../../../src/report/control/migrate-state.ts'
import { fakeMigration } from './fake-migration.ts'
import type { Log } from '../../../src/contract/log.ts'

let folder = ''
let file = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-state-'))
  file = join(folder, 'state.json')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function content(): unknown {
  return JSON.parse(readFileSync(file, 'utf8'))
}

/** The message for a file with `text`. */
function refusal(text: string): string {
  writeFileSync(file, text)
  try {
    void new MigrateState(file)
    return 'was taken'
  } catch (error) {
    return (error as Error).message
  }
}

describe('the state of the migrations', () => {
  it('is in a file that its owner alone can read, and comes back from there', async () => {
    const before = new MigrateState(file)
    await before.note('/orders', { share: 0.25 })
    await before.note('/orders', { shadow: { rate: 0.5, baseline: false } })
    await before.note('/items', { shadow: null })
    const migrations = {
      '/orders': { share: 0.25, shadow: { rate: 0.5, baseline: false } },
      '/items': { shadow: null },
    }
    expect(content()).toEqual({ version: 1, migrations })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder)).toEqual(['state.json'])

    const orders = fakeMigration()
    const items = fakeMigration()
    new MigrateState(file).apply(
      new Map([
        ['/orders', orders],
        ['/items', items],
      ]),
      SILENT_LOG,
    )
    expect(orders.report()).toMatchObject({ share: 0.25, shadow: { rate: 0.5, baseline: false } })
    expect(items.report()).toMatchObject({ share: 0.1, shadow: null })
  })

  it('keeps the changes of a path that has no migration, and warns', async () => {
    await new MigrateState(file).note('/gone', { share: 1 })
    const warnings: string[] = []
    const log: Log = { ...SILENT_LOG, warn: (_fields, message) => void warnings.push(message) }
    const state = new MigrateState(file)
    state.apply(new Map([['/orders', fakeMigration()]]), log)
    expect(warnings).toEqual([`${file} names /gone, where no migration is mounted`])
    await state.note('/orders', { share: 0.5 })
    expect(content()).toEqual({
      version: 1,
      migrations: { '/gone': { share: 1 }, '/orders': { share: 0.5 } },
    })
  })

  it('has the last of many changes at once', async () => {
    const state = new MigrateState(file)
    const shares = [0.1, 0.2, 0.3, 0.4]
    await Promise.all(shares.map((share) => state.note('/orders', { share })))
    expect(content()).toEqual({ version: 1, migrations: { '/orders': { share: 0.4 } } })
  })

  it('is written again after a write that has failed', async () => {
    const state = new MigrateState(file)
    rmSync(folder, { recursive: true })
    await expect(state.note('/orders', { share: 0.1 })).rejects.toThrow('ENOENT')
    folder = mkdtempSync(`${folder}-`)
    const other = new MigrateState(join(folder, 'state.json'))
    await other.note('/orders', { share: 0.2 })
    expect(readdirSync(folder)).toEqual(['state.json'])
  })

  it('is refused at the start if it is no such file', () => {
    const start = `--migrate-state ${file} cannot be used: `
    const end = '; correct the file, or remove it'
    expect(refusal('')).toBe(`${start}Unexpected end of JSON input${end}`)
    expect(refusal('{"version":2}')).toBe(`${start}its version is not 1${end}`)
    expect(refusal('{"version":1}')).toBe(`${start}"migrations" is not an object${end}`)
    expect(refusal('null')).toContain(start)
    expect(refusal('{"version":1,"migrations":{"/orders":{"share":2}}}')).toBe(
      `${start}/orders: "share" is a number from 0 to 1, got 2${end}`,
    )
    expect(() => new MigrateState(folder)).toThrow('--migrate-state cannot be read: EISDIR')
    expect(() => new MigrateState(join(folder, 'missing', 'state.json'))).toThrow(
      '--migrate-state cannot be read: ENOENT',
    )
  })
})
