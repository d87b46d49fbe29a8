import { createContext, runInContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { toEvents } from '../../src/bridge/to-events.ts'
import { events, iterable, styleOf, sync } from '../../src/bridge/style.ts'
import { AppError } from '../../src/errors.ts'

type Style = ReturnType<typeof styleOf>['style']
import type { IterableApp, SyncApp } from '../../src/contract/environ.ts'
import type { EventApp } from '../../src/contract/events.ts'

const BRANDS =
  'say which style it is: sync((environ, startResponse) => …), ' +
  'iterable(async function* (environ, startResponse) { … }) or events(async (scope, receive, send) => { … })'

function styleName(app: unknown): Style {
  return styleOf(app).style
}

function faultOf(app: unknown): string {
  try {
    styleOf(app)
  } catch (error) {
    expect(error).toBeInstanceOf(AppError)
    expect(error).toBeInstanceOf(TypeError)
    return (error as Error).message
  }
  throw new Error('it has a style')
}

describe('styleOf: the rule for functions without a brand', () => {
  it('treats three declared parameters as events', () => {
    expect(styleName(async (_scope: unknown, _receive: unknown, _send: unknown) => undefined)).toBe(
      'events',
    )
    expect(styleName((_scope: unknown, _receive: unknown, _send: unknown) => undefined)).toBe(
      'events',
    )
  })

  it('treats two parameters of an async function or async generator as iterable', () => {
    expect(styleName(async (_environ: unknown, _startResponse: unknown) => [])).toBe('iterable')
    expect(styleName(async function* (_environ: unknown, _startResponse: unknown) {})).toBe(
      'iterable',
    )
  })

  it('treats two parameters of any other function as sync', () => {
    expect(styleName((_environ: unknown, _startResponse: unknown) => [])).toBe('sync')
    expect(styleName(function* (_environ: unknown, _startResponse: unknown) {})).toBe('sync')
  })

  it('recognizes an async function of another realm', () => {
    const foreign = runInContext('(async (environ, startResponse) => [])', createContext())
    expect(foreign).not.toBeInstanceOf(Function)
    expect(styleName(foreign)).toBe('iterable')
  })

  it('refuses any other number of parameters, and shows the brands', () => {
    const none = (): string[] => []
    expect(faultOf(none)).toBe(`the style of none is unclear: it declares 0 parameters; ${BRANDS}`)
    const rest = (...args: unknown[]): unknown[] => args
    expect(faultOf(rest)).toContain('declares 0 parameters')
    const optional = (_environ: unknown, startResponse: unknown = null): unknown => startResponse
    expect(faultOf(optional)).toContain('declares 1 parameters')
    expect(faultOf((_a: unknown, _b: unknown, _c: unknown, _d: unknown) => [])).toContain(
      'the style of this function is unclear: it declares 4 parameters',
    )
  })

  it('refuses values that are not functions', () => {
    for (const app of [undefined, null, 'app', 7, [], Promise.resolve()]) {
      expect(faultOf(app)).toBe(`an app is a function, got ${typeof app}; ${BRANDS}`)
    }
  })
})

describe('the brands', () => {
  const anything = ((...args: unknown[]) => args) as unknown as SyncApp

  it('always win over the rule', () => {
    const threeParameters = (_a: unknown, _b: unknown, _c: unknown): never[] => []
    expect(styleName(sync(threeParameters as unknown as SyncApp))).toBe('sync')
    expect(styleName(iterable(anything as never))).toBe('iterable')
    expect(styleName(events(anything as never))).toBe('events')
  })

  it('the outer one wins over the inner one', () => {
    expect(styleName(sync(iterable(anything as never) as never))).toBe('sync')
  })

  it('pass on exactly the arguments of the style, and the result of the app', () => {
    const call = sync(anything) as unknown as (...args: unknown[]) => unknown
    expect(call('environ', 'startResponse', 'extra')).toEqual(['environ', 'startResponse'])
    const eventCall = events(anything as never) as unknown as (...args: unknown[]) => unknown
    expect(eventCall('scope', 'receive', 'send', 'extra')).toEqual(['scope', 'receive', 'send'])
  })

  it('do not change the app, and keep its name', () => {
    const legacy: SyncApp = (_environ, _startResponse) => []
    expect(sync(legacy).name).toBe('legacy')
    expect(Object.getOwnPropertySymbols(legacy)).toEqual([])
  })

  it('are known to another copy of the library', () => {
    const app = Object.assign(() => undefined, { [Symbol.for('isthmus.style')]: 'events' })
    expect(styleName(app)).toBe('events')
  })

  it('refuse values that are not functions, at once', () => {
    for (const brand of [sync, iterable, events]) {
      for (const app of [undefined, null, {}, 'app']) {
        expect(() => brand(app as never)).toThrow(
          new AppError(`an app is a function, got ${typeof app}; ${BRANDS}`),
        )
      }
    }
  })
})

describe('toEvents', () => {
  it('returns an event app as it is', () => {
    const app: EventApp = async (_scope, _receive, _send) => undefined
    expect(toEvents(app)).toBe(app)
  })

  it('makes an app of three parameters from the others', () => {
    const legacy: SyncApp = (_environ, _startResponse) => []
    const modern: IterableApp = async function* (_environ, _startResponse) {}
    for (const app of [legacy, modern]) expect(styleName(toEvents(app))).toBe('events')
  })
})
