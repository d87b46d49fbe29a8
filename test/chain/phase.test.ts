// The decisions of a chain around an event app, without an app: a phase and an event in, a decision out.

import { describe, expect, it } from 'vitest'
import { isOver, meaningOfEnd, phaseAfter, wayOfSend } from '../../src/chain/event/phase.ts'
import type { AppState, Move, Phase } from '../../src/chain/event/phase.ts'

const PHASES: readonly Phase[] = [
  'open',
  'deciding',
  'starting',
  'passing',
  'interrupted',
  'answering',
  'closed',
]
const MOVES: readonly Move[] = ['head', 'pass', 'answer', 'fail', 'interrupt', 'begin', 'sent']

const after = (...moves: readonly Move[]): Phase => moves.reduce<Phase>(phaseAfter, 'open')

describe('the phase', () => {
  it.each<[Phase, readonly Move[]]>([
    ['passing', ['head', 'pass', 'begin']],
    ['closed', ['head', 'answer', 'sent']],
    ['closed', ['answer', 'sent']],
    ['closed', ['fail']],
    ['closed', ['head', 'fail']],
    ['closed', ['interrupt', 'fail']],
    ['closed', ['interrupt', 'interrupt', 'answer', 'sent']],
    ['starting', ['head', 'interrupt', 'pass']],
  ])('is %s after the moves %j', (phase, moves) => {
    expect(after(...moves)).toBe(phase)
  })

  it('names the move that it refuses', () => {
    expect(() => after('sent')).toThrow('the chain cannot make the move "sent" in the phase "open"')
  })

  it('never leaves passing or closed', () => {
    const legal = (phase: Phase): Move[] => MOVES.filter((move) => isLegal(phase, move))
    expect([legal('passing'), legal('closed')]).toEqual([[], []])
  })

  it('lets the layers choose only once', () => {
    for (const phase of ['starting', 'passing', 'answering', 'closed'] as const) {
      for (const move of ['pass', 'answer', 'fail'] as const) {
        expect([phase, move, isLegal(phase, move)]).toEqual([phase, move, false])
      }
    }
  })
})

describe('an event that the app sends', () => {
  it('goes where the phase says', () => {
    expect(PHASES.map((phase) => [phase, wayOfSend(phase)])).toEqual([
      ['open', 'head'],
      ['deciding', 'wait'],
      ['starting', 'wait'],
      ['passing', 'pass'],
      ['interrupted', 'refuse'],
      ['answering', 'refuse'],
      ['closed', 'refuse'],
    ])
  })
})

describe('the end of the app', () => {
  it('has the meaning that the phase gives it', () => {
    expect(PHASES.map((phase) => [phase, meaningOfEnd(phase)])).toEqual([
      ['open', 'tell'],
      ['deciding', 'wait'],
      ['starting', 'wait'],
      ['passing', 'end'],
      ['interrupted', 'ignore'],
      ['answering', 'ignore'],
      ['closed', 'ignore'],
    ])
  })
})

describe('the exchange', () => {
  it('is over when the response has no further part, and the app does not run', () => {
    const states: readonly AppState[] = ['not called', 'running', 'returned', 'threw']
    const over = PHASES.flatMap((phase) =>
      states.filter((state) => isOver(phase, state)).map((state) => `${phase}, ${state}`),
    )
    expect(over).toEqual([
      'passing, not called',
      'passing, returned',
      'passing, threw',
      'closed, not called',
      'closed, returned',
      'closed, threw',
    ])
  })
})

function isLegal(phase: Phase, move: Move): boolean {
  try {
    phaseAfter(phase, move)
    return true
  } catch {
    return false
  }
}
