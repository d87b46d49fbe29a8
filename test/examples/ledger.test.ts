// The ledger of the example desk, with a file that several sellers write.

import { appendFileSync, mkdtempSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Ledger } from '../../examples/ticket-desk/ledger.ts'

let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ledger-'))
  path = join(folder, 'deep', 'tickets.jsonl')
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('the ledger', () => {
  it('is empty before its file and its folder exist', () => {
    expect(new Ledger(path).read()).toEqual([])
  })

  it('numbers tickets over all performances, and seats within one', () => {
    const ledger = new Ledger(path)
    ledger.sell('Ada', 'tempest')
    ledger.sell('Grace', 'godot')
    ledger.sell('Edsger', 'tempest')

    const sold = ledger.read().map(({ number, name, seat }) => [number, name, seat])
    expect(sold).toEqual([
      [1, 'Ada', 1],
      [2, 'Grace', 1],
      [3, 'Edsger', 2],
    ])
  })

  it('shows the sales of another ledger on the same file, with the same numbers', () => {
    const [here, there] = [new Ledger(path), new Ledger(path)]
    here.sell('Ada', 'tempest')
    there.sell('Grace', 'tempest')
    here.sell('Edsger', 'godot')

    expect(here.read()).toHaveLength(3)
    expect(there.read()).toEqual(here.read())
  })

  it('waits for the rest of a line, cut within a character', () => {
    const ledger = new Ledger(path)
    ledger.read()
    const line = Buffer.from('{"id":"1","name":"Zoë","performance":"godot"}\n')
    const cut = line.indexOf(0xc3) + 1

    appendFileSync(path, line.subarray(0, cut))
    expect(ledger.read()).toEqual([])
    appendFileSync(path, line.subarray(cut))
    expect(ledger.read()).toMatchObject([{ name: 'Zoë', number: 1 }])
  })

  it('loses only the torn line', () => {
    const ledger = new Ledger(path)
    ledger.sell('Ada', 'tempest')
    appendFileSync(path, '{"id":"2","name":"To')
    ledger.sell('Grace', 'tempest')

    expect(ledger.read()).toMatchObject([
      { name: 'Ada', number: 1 },
      { name: 'Grace', number: 2 },
    ])
  })

  it('passes over lines that are no sale', () => {
    const ledger = new Ledger(path)
    ledger.read()
    appendFileSync(path, 'null\n[]\n{}\n{"id":1,"name":"x","performance":"godot"}\nnonsense\n')
    appendFileSync(path, '{"id":"1","name":"x","performance":"unknown"}\n')
    expect(ledger.read()).toEqual([])
  })

  it('sells each seat once and then no more', () => {
    const [here, there] = [new Ledger(path), new Ledger(path)]
    const seats = here.seatsLeft('godot')
    for (let sold = 0; sold < seats; sold += 1) here.sell('Vladimir', 'godot')

    expect(there.sell('Estragon', 'godot')).toBeUndefined()
    expect(there.seatsLeft('godot')).toBe(0)
    expect(there.sell('Estragon', 'tempest')).toMatchObject({ seat: 1, number: seats + 1 })
  })

  it('gives no seat to a sale that another one overtook in the file', () => {
    const ledger = new Ledger(path)
    const seats = ledger.seatsLeft('godot')
    ledger.read()
    for (let sale = 0; sale <= seats; sale += 1) {
      appendFileSync(path, `{"id":"${sale}","name":"x","performance":"godot"}\n`)
    }
    expect(ledger.read()).toHaveLength(seats)
  })

  it('starts over with a file that was cut', () => {
    const ledger = new Ledger(path)
    ledger.sell('Ada', 'tempest')
    truncateSync(path)

    expect(ledger.read()).toEqual([])
    expect(ledger.sell('Grace', 'tempest')).toMatchObject({ number: 1, seat: 1 })
  })
})
