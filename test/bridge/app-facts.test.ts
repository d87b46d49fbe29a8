// The facts of an app: chains, bridges and brands hand them on.

import { describe, expect, it } from 'vitest'
import { described, factsOf } from '../../src/bridge/app-facts.ts'
import { mount } from '../../src/bridge/mount.ts'
import { events, iterable, sync } from '../../src/bridge/style.ts'
import { toEvents } from '../../src/bridge/to-events.ts'
import { chain } from '../../src/chain/chain.ts'
import { requestId } from '../../src/middleware/request-id.ts'

const eventApp = events(async () => undefined)
const syncApp = sync(() => [])
const iterableApp = iterable(async function* () {})

describe('the facts of an app', () => {
  it('of the user are the app itself', () => {
    expect(factsOf(syncApp)).toEqual({ kind: 'app', app: syncApp, inner: new Map() })
  })

  it('of a mount are its apps by their prefixes', () => {
    const table = { '/live': eventApp, '/': syncApp } as const
    const facts = factsOf(mount(table))
    expect(facts.kind).toBe('mount')
    expect([...facts.inner]).toEqual(Object.entries(table))
  })

  it.each([
    ['a bridge', toEvents(syncApp), syncApp],
    ['a chain around a sync app', chain(requestId())(syncApp), syncApp],
    ['a chain around an iterable app', chain(requestId())(iterableApp), iterableApp],
    ['a chain around an event app', chain(requestId())(eventApp), eventApp],
    ['a chain of chains', chain(requestId())(chain(requestId())(eventApp)), eventApp],
  ])('go through %s', (_name, outer, inner) => {
    expect(factsOf(outer).app).toBe(inner)
  })

  it('go through a brand and a chain around an app of isthmus', () => {
    const remote = described(async () => undefined, 'remote')
    expect(factsOf(chain(requestId())(events(remote)))).toMatchObject({
      kind: 'remote',
      app: remote,
    })
  })
})
