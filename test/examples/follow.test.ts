// How the realtime side of the example desk learns of tickets that somebody else sold.

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
  it('yields what was sold since, then what is sold from then on', async () => {
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

describe('what a client says it has seen', () => {
  it('is a number, or else everything so far', () => {
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
