import { describe, expect, it } from 'vitest'
import {
  actionAt,
  momentOf,
  returnedLine,
  STOPPED,
  UNANSWERED,
} from '../../../src/server/http/open-response.ts'
import type { Moment } from '../../../src/server/http/open-response.ts'

const NEW = { ended: false, failed: false, started: false, headSent: false }

describe('the moment of a response', () => {
  it.each<[Moment, Partial<typeof NEW>, boolean]>([
    ['unstarted', {}, false],
    ['held', { started: true }, false],
    ['sent', { started: true, headSent: true }, false],
    ['over', { started: true, headSent: true, ended: true }, false],
    ['over', { started: true, failed: true }, false],
    ['over', {}, true],
  ])('is %s for %o, client gone: %s', (moment, state, gone) => {
    expect(momentOf({ ...NEW, ...state }, gone)).toBe(moment)
  })
})

describe('the action on a response that the app leaves open', () => {
  const closing = { ...UNANSWERED, closesConnection: true }

  it.each<[Moment, string, string]>([
    ['unstarted', 'answer', 'answer'],
    ['held', 'cut', 'answer'],
    ['sent', 'cut', 'cut'],
    ['over', 'nothing', 'nothing'],
  ])(
    'at the moment %s is %s, and %s for an error that ends the connection',
    (moment, ...actions) => {
      expect([actionAt(moment, UNANSWERED), actionAt(moment, closing)]).toEqual(actions)
      expect(actionAt(moment, STOPPED)).toBe(actions[0])
    },
  )

  it('is logged unless the response was over', () => {
    expect(returnedLine('over')).toBeNull()
    expect(returnedLine('unstarted')).toBe('the app returned without a response')
    expect(returnedLine('held')).toBe(returnedLine('sent'))
  })
})
