import { runInNewContext } from 'node:vm'
import { deserialize, serialize } from 'node:v8'
import { describe, expect, it } from 'vitest'
import { fromErrorData, toErrorData } from '../../../src/hosting/protocol/error-data.ts'
import * as errors from '../../../src/errors.ts'
import {
  AppError,
  BadRequestError,
  BodyTooLargeError,
  ClientDisconnectedError,
  IsthmusError,
  PeerError,
  PoolFullError,
  ServerShutdownError,
  ServiceError,
} from '../../../src/errors.ts'

/** The error that arrives on the other side. */
function crossed(error: unknown): Error & { code?: unknown } {
  return fromErrorData(deserialize(serialize(toErrorData(error))) as ReturnType<typeof toErrorData>)
}

/** The fields of an error, with those that are not enumerable. */
function fieldsOf(error: Error): Record<string, unknown> {
  return Object.fromEntries(
    Object.getOwnPropertyNames(error).map((key) => [key, Reflect.get(error, key)]),
  )
}

describe('an error that crosses', () => {
  it('keeps name, message, stack and code', () => {
    const error = Object.assign(new RangeError('no seat'), { code: 'E_SEAT' })
    expect(crossed(error)).toMatchObject({
      name: 'RangeError',
      message: 'no seat',
      stack: error.stack,
      code: 'E_SEAT',
    })
  })

  it('keeps its causes, up to eight', () => {
    const error = new Error('outer', { cause: new TypeError('inner', { cause: 'text' }) })
    const cause = crossed(error).cause as Error
    expect(cause.message).toBe('inner')
    expect((cause.cause as Error).message).toBe('text')

    const ring = new Error('ring')
    ring.cause = ring
    expect(crossed(ring).message).toBe('ring')
  })

  it('is of its class if the class decides on the answer', () => {
    expect(crossed(new BadRequestError('no such path', 404))).toMatchObject({ status: 404 })
    expect(crossed(new BadRequestError('no such path', 404))).toBeInstanceOf(PeerError)
    expect(crossed(new PoolFullError('full'))).toBeInstanceOf(ServiceError)
    expect(crossed(new ServerShutdownError())).toBeInstanceOf(ServerShutdownError)
    expect(crossed(new ClientDisconnectedError())).toBeInstanceOf(ClientDisconnectedError)
    expect(crossed(new BodyTooLargeError(7)).message).toContain('7 bytes')
  })

  it('is of its class, for every class of isthmus', () => {
    const kinds = Object.entries(errors).filter(([name]) => name.endsWith('Error'))
    const concrete = kinds.filter(([name]) => !/^(?:Isthmus|Peer|Service)Error$/.test(name))
    expect(concrete).toHaveLength(26)
    for (const [name, Kind] of concrete) {
      const error = new (Kind as new (message: string) => Error)('why')
      const copy = crossed(error)
      expect(copy).toMatchObject({ ...fieldsOf(error), name })
      for (const [, other] of kinds) {
        const any = other as abstract new () => Error
        expect(copy instanceof any).toBe(error instanceof any)
      }
    }
  })

  it('keeps the class of isthmus that the class of an app derives from', () => {
    class OrderError extends AppError {
      override name = 'OrderError'
    }
    const copy = crossed(new OrderError('row 3 is sold'))
    expect(copy).toBeInstanceOf(AppError)
    expect(copy).toBeInstanceOf(IsthmusError)
    expect(copy).toMatchObject({ name: 'OrderError', message: 'row 3 is sold' })
  })

  it('is not mistaken for an error of isthmus: ECONNRESET of a database is not a client that left', () => {
    const error = Object.assign(new Error('the database left'), { code: 'ECONNRESET' })
    expect(crossed(error)).not.toBeInstanceOf(ClientDisconnectedError)
    class BadRequestError extends Error {
      override name = 'BadRequestError'
    }
    expect(crossed(new BadRequestError('mine'))).not.toBeInstanceOf(PeerError)
  })

  it.each([
    ['a string', 'oops', 'oops'],
    ['nothing', undefined, 'undefined'],
    ['an object', { a: 1 }, '{ a: 1 }'],
    ['an object without a prototype', Object.create(null), '[Object: null prototype] {}'],
    ['an error of another realm', runInNewContext('new TypeError("far")'), 'far'],
    ['a name that is a symbol', Object.assign(new Error('x'), { name: Symbol('n') }), 'x'],
    ['a code that is a function', Object.assign(new Error('x'), { code: () => 1 }), 'x'],
    ['a stack that is a number', Object.assign(new Error('x'), { stack: 7 }), 'x'],
  ])('may be a value of any type: %s', (_what, thrown, message) => {
    const error = crossed(thrown)
    expect(error).toBeInstanceOf(Error)
    expect(error.message).toContain(message)
    expect(typeof error.stack).toBe('string')
  })

  it('may have a getter that throws', () => {
    const error = Object.defineProperty(new Error('x'), 'name', {
      get() {
        throw new Error('no')
      },
    })
    expect(crossed(error)).toMatchObject({ name: 'Error', message: 'x' })
  })
})
