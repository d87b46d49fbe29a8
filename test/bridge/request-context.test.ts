// The context of a request on one side. test/hosting/context.test.ts shows that it crosses into threads.

import { AsyncLocalStorage } from 'node:async_hooks'
import { describe, expect, it } from 'vitest'
import {
  carriedValues,
  carry,
  currentRequest,
  runCarrying,
  runInContext,
} from '../../src/bridge/request-context.ts'
import { AppError } from '../../src/errors.ts'

const user = carry('user', new AsyncLocalStorage<unknown>())
const REQUEST = { requestId: 'r1', traceparent: undefined, deadline: 1_000 }

describe('the context of a request', () => {
  it('is known while its work runs', () => {
    expect(currentRequest()).toBeUndefined()
    runInContext({ request: REQUEST, carried: {} }, () => expect(currentRequest()).toBe(REQUEST))
    expect(currentRequest()).toBeUndefined()
  })

  it('has each registered storage with the carried value, or with none', () => {
    user.run('outer', () => {
      runInContext({ request: REQUEST, carried: { user: 'ada' } }, () => {
        expect(user.getStore()).toBe('ada')
      })
      runInContext({ request: REQUEST, carried: {} }, () => {
        expect(user.getStore()).toBeUndefined()
      })
    })
  })
})

describe('carriedValues()', () => {
  it('has copies of the values that are set and differ from the known ones', () => {
    const ada = { name: 'ada' }
    expect(carriedValues()).toEqual({})
    user.run(ada, () => {
      expect(carriedValues()).toEqual({ user: ada })
      expect(carriedValues().user).not.toBe(ada)
      expect(carriedValues({ user: ada })).toEqual({})
    })
  })

  it('refuses a value that cannot cross, by the name of its storage', () => {
    user.run(
      () => undefined,
      () => {
        expect(() => carriedValues()).toThrow(AppError)
        expect(() => carriedValues()).toThrow(
          'the value carried as "user" cannot cross into a thread',
        )
      },
    )
  })
})

describe('runCarrying()', () => {
  it('sets the named storages, and ignores names that are not registered', () => {
    user.run('outer', () => {
      runCarrying({ other: 1 }, () => expect(user.getStore()).toBe('outer'))
      runCarrying({ user: 'ada', other: 1 }, () => expect(user.getStore()).toBe('ada'))
    })
  })
})
