// The realtime side of the example desk sees tickets that other threads and processes sold.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type * as Follow from '../../examples/ticket-desk/follow.ts'
import type { Ledger } from '../../examples/ticket-desk/ledger.ts'

let folder: string
let ledger: Ledger
let follow: typeof Follow

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'follow-'))
  process.env['TICKET_DESK_DATA'] = folder
  follow = await import('../../examples/ticket-desk/follow.ts')
  ledger = (await import('../../examples/ticket-desk/ledger.ts')).ledger
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('following the ledger', { timeout: 10_000 }, () => {
  it('yields the tickets sold since a number, then new ones', async () => {
    const seen = ledger.read().length
    const leaving = new AbortController()
    const tickets = follow.followTickets(seen, leaving.signal)

    ledger.sell('Ada', 'tempest')
    expect((await tickets.next()).value).toMatchObject([{ name: 'Ada', number: seen + 1 }])
    const pending = tickets.next()
    ledger.sell('Grace', 'tempest')
    expect((await pending).value).toMatchObject([{ name: 'Grace', number: seen + 2 }])
    leaving.abort()
  })

  it('ends when the signal is aborted, also while it waits', async () => {
    const leaving = new AbortController()
    const pending = follow.followTickets(ledger.read().length, leaving.signal).next()
    leaving.abort()
    expect(await pending).toEqual({ done: true, value: undefined })
  })

  it('yields an empty batch when nothing was sold for a while', async () => {
    const leaving = new AbortController()
    const tickets = follow.followTickets(ledger.read().length, leaving.signal, 200)
    expect((await tickets.next()).value).toEqual([])
    leaving.abort()
  })
})

describe('the last number that a client has seen', () => {
  it('is its own number, or else the newest', () => {
    ledger.sell('Ada', 'godot')
    const newest = ledger.read().length
    expect(['0', '17', '', '-1', '1e3', 'x', null].map(follow.parseSeen)).toEqual([
      0,
      17,
      newest,
      newest,
      newest,
      newest,
      newest,
    ])
  })
})
