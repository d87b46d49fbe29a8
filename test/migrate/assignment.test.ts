// The draw: which clients have the new app, and that they keep it.

import { describe, expect, it } from 'vitest'
import { assign } from '../../src/migrate/assignment.ts'
import { seeded } from './apps.ts'
import type { HttpScope } from '../../src/contract/events.ts'

const CLIENTS = 10_000
const SHARES = [0, 0.1, 0.5, 1]

function scopeWith(...headers: Array<[string, string]>): HttpScope {
  return { type: 'http', scheme: 'http', headers } as unknown as HttpScope
}

function newClients(ids: readonly string[], share: number): Set<string> {
  const isNew = (id: string): boolean =>
    assign(scopeWith(['x-user', id]), share, { header: 'x-user' }).isNew
  return new Set(ids.filter(isNew))
}

const next = seeded(7)
const KINDS: Record<string, string[]> = {
  'random ids': Array.from({ length: CLIENTS }, () => next().toString(36).slice(2)),
  'ids in sequence': Array.from({ length: CLIENTS }, (_, at) => `user-${at}`),
  'addresses of mail': Array.from({ length: CLIENTS }, (_, at) => `u${at}@example.com`),
}

describe.each(Object.entries(KINDS))('10,000 clients with %s', (_, ids) => {
  it.each(SHARES)('are shared to the exact percent at a share of %d', (share) => {
    const part = newClients(ids, share).size / new Set(ids).size
    expect(Math.abs(part - share)).toBeLessThan(0.01)
  })

  it('keep the new app while the share grows, and get it again after a rollback', () => {
    const some = newClients(ids, 0.1)
    const more = newClients(ids, 0.5)
    expect([...some].every((id) => more.has(id))).toBe(true)
    expect(newClients(ids, 0).size).toBe(0)
    expect(newClients(ids, 0.1)).toEqual(some)
  })
})

describe('a request', () => {
  it('without the id that sticky reads goes to the old app, unless the share is 1', () => {
    const scope = scopeWith()
    for (const sticky of [{ header: 'x-user' }, () => undefined] as const) {
      expect(assign(scope, 0.999_999, sticky)).toEqual({ isNew: false, cookie: null })
      expect(assign(scope, 1, sticky)).toEqual({ isNew: true, cookie: null })
    }
  })

  it('without a cookie is drawn by the id that it gets', () => {
    for (let at = 0; at < 100; at += 1) {
      const { isNew, cookie } = assign(scopeWith(), 0.5, { cookie: 'side' })
      const [, id = ''] =
        /^side=([\w-]{22}); Path=\/; Max-Age=31536000; HttpOnly; SameSite=Lax$/.exec(
          cookie ?? '',
        ) ?? []
      const again = scopeWith(['cookie', `a=1; side=${id}; b=2`])
      expect(assign(again, 0.5, { cookie: 'side' })).toEqual({ isNew, cookie: null })
    }
  })

  it('with a cookie that isthmus did not make gets a new one', () => {
    for (const value of ['', 'x', 'a'.repeat(23), 'a b'.repeat(7)]) {
      const scope = scopeWith(['cookie', `side=${value}`])
      expect(assign(scope, 0.5, { cookie: 'side' }).cookie).toMatch(/^side=/)
    }
  })

  it('over https gets a cookie for https alone', () => {
    const scope = { ...scopeWith(), scheme: 'https' } as HttpScope
    expect(assign(scope, 0.5, { cookie: 'side' }).cookie).toMatch(/; Secure$/)
  })

  it('gets no cookie while the share is 0 or 1: there is nothing to draw', () => {
    for (const share of [0, 1])
      expect(assign(scopeWith(), share, { cookie: 'side' }).cookie).toBe(null)
  })

  it('is drawn by itself without sticky', () => {
    const drawn = Array.from({ length: 200 }, () => assign(scopeWith(), 0.5, false).isNew)
    expect(new Set(drawn)).toEqual(new Set([true, false]))
  })
})
