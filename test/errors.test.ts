// The error classes: names, codes, and an `instanceof` that holds between copies of the package.

import { fileURLToPath } from 'node:url'
import { isNativeError } from 'node:util/types'
import { inspect } from 'node:util'
import { build } from 'esbuild'
import { beforeAll, describe, expect, it } from 'vitest'
import * as channels from '../src/channels.ts'
import * as isthmus from '../src/index.ts'
import * as testing from '../src/testing.ts'
import * as errors from '../src/errors.ts'

type ErrorClass = abstract new (...args: never[]) => Error
type Module = Record<string, unknown>

interface Row {
  make: () => Error & { code?: unknown; status?: unknown }
  code: string
  /** The classes of ours that the error is an instance of, besides its own. */
  parents: string[]
  status?: number
}

const APP = ['AppError', 'IsthmusError']
const PEER = ['PeerError', 'IsthmusError']
const SERVICE = ['ServiceError', 'IsthmusError']
const ROOT = ['IsthmusError']

/** Every class that can be made, by name. */
const ROWS: Record<string, Row> = {
  AppError: {
    make: () => new isthmus.AppError('x'),
    code: 'ISTHMUS_APP_FAULT',
    parents: ROOT,
  },
  IllegalEventError: {
    make: () => new isthmus.IllegalEventError('x'),
    code: 'ISTHMUS_ILLEGAL_EVENT',
    parents: APP,
  },
  ContentLengthMismatchError: {
    make: () => new isthmus.ContentLengthMismatchError('x'),
    code: 'ISTHMUS_CONTENT_LENGTH_MISMATCH',
    parents: APP,
  },
  InvalidHeaderError: {
    make: () => new isthmus.InvalidHeaderError('x'),
    code: 'ISTHMUS_INVALID_HEADER',
    parents: APP,
  },
  WaitUnderSyncError: {
    make: () => new isthmus.WaitUnderSyncError('x'),
    code: 'ISTHMUS_WAIT_UNDER_SYNC',
    parents: APP,
  },
  InvalidChannelError: {
    make: () => new channels.InvalidChannelError('x'),
    code: 'ISTHMUS_INVALID_CHANNEL',
    parents: APP,
  },
  SlowConsumerError: {
    make: () => new channels.SlowConsumerError(),
    code: 'ISTHMUS_SLOW_CONSUMER',
    parents: ROOT,
  },
  ChannelsClosedError: {
    make: () => new channels.ChannelsClosedError(),
    code: 'ISTHMUS_CHANNELS_CLOSED',
    parents: ROOT,
  },
  LintError: { make: () => new isthmus.LintError('x'), code: 'ISTHMUS_LINT', parents: APP },
  UnsupportedScopeError: {
    make: () => new isthmus.UnsupportedScopeError('x'),
    code: 'ISTHMUS_UNSUPPORTED_SCOPE',
    parents: ROOT,
  },
  ConnectionCutError: {
    make: () => new isthmus.ConnectionCutError('x'),
    code: 'ISTHMUS_CONNECTION_CUT',
    parents: ROOT,
  },
  WouldDeadlockError: {
    make: () => new isthmus.WouldDeadlockError('x'),
    code: 'ISTHMUS_WOULD_DEADLOCK',
    parents: ROOT,
  },
  AppLoadError: {
    make: () => new isthmus.AppLoadError('x'),
    code: 'ISTHMUS_APP_LOAD',
    parents: ROOT,
  },
  LifespanError: {
    make: () => new isthmus.LifespanError('x'),
    code: 'ISTHMUS_LIFESPAN_FAILED',
    parents: ROOT,
  },
  BadRequestError: {
    make: () => new isthmus.BadRequestError('x'),
    code: 'ISTHMUS_BAD_REQUEST',
    parents: PEER,
    status: 400,
  },
  BodyTooLargeError: {
    make: () => new isthmus.BodyTooLargeError(1),
    code: 'ISTHMUS_BODY_TOO_LARGE',
    parents: PEER,
    status: 413,
  },
  BodyTimeoutError: {
    make: () => new isthmus.BodyTimeoutError(1),
    code: 'ISTHMUS_BODY_TIMEOUT',
    parents: PEER,
    status: 408,
  },
  ReceiveTimeoutError: {
    make: () => new isthmus.ReceiveTimeoutError(1),
    code: 'ISTHMUS_RECEIVE_TIMEOUT',
    parents: ROOT,
  },
  ClientDisconnectedError: {
    make: () => new isthmus.ClientDisconnectedError(),
    code: 'ECONNRESET',
    parents: ROOT,
  },
  UnavailableError: {
    make: () => new isthmus.UnavailableError('x'),
    code: 'ISTHMUS_UNAVAILABLE',
    parents: SERVICE,
    status: 503,
  },
  PoolFullError: {
    make: () => new isthmus.PoolFullError('x'),
    code: 'ISTHMUS_POOL_FULL',
    parents: SERVICE,
    status: 503,
  },
  UpstreamBusyError: {
    make: () => new isthmus.UpstreamBusyError('x'),
    code: 'ISTHMUS_UPSTREAM_BUSY',
    parents: SERVICE,
    status: 503,
  },
  UpstreamError: {
    make: () => new isthmus.UpstreamError('x'),
    code: 'ISTHMUS_UPSTREAM_FAILED',
    parents: SERVICE,
    status: 502,
  },
  UpstreamTimeoutError: {
    make: () => new isthmus.UpstreamTimeoutError('x'),
    code: 'ISTHMUS_UPSTREAM_TIMEOUT',
    parents: SERVICE,
    status: 504,
  },
  AppTimeoutError: {
    make: () => new isthmus.AppTimeoutError('x'),
    code: 'ISTHMUS_APP_TIMEOUT',
    parents: SERVICE,
    status: 504,
  },
  ThreadCrashedError: {
    make: () => new isthmus.ThreadCrashedError('x'),
    code: 'ISTHMUS_THREAD_CRASHED',
    parents: SERVICE,
    status: 500,
  },
  ProcessCrashedError: {
    make: () => new isthmus.ProcessCrashedError('x'),
    code: 'ISTHMUS_PROCESS_CRASHED',
    parents: SERVICE,
    status: 502,
  },
  ServerShutdownError: {
    make: () => new isthmus.ServerShutdownError(),
    code: 'ISTHMUS_SERVER_SHUTDOWN',
    parents: ROOT,
  },
  InvalidOptionError: {
    make: () => new isthmus.InvalidOptionError('x'),
    code: 'ISTHMUS_INVALID_OPTION',
    parents: ROOT,
  },
  DeadlinePassedError: {
    make: () => new testing.DeadlinePassedError('x', 1),
    code: 'ISTHMUS_TEST_DEADLINE',
    parents: ROOT,
  },
  ResponseCutError: {
    make: () => new testing.ResponseCutError('x', null, 0),
    code: 'ISTHMUS_TEST_RESPONSE_CUT',
    parents: ROOT,
  },
  HandshakeDeniedError: {
    make: () => new testing.HandshakeDeniedError({ status: 403 } as testing.TestResponse),
    code: 'ISTHMUS_TEST_HANDSHAKE_DENIED',
    parents: ROOT,
  },
  SocketClosedError: {
    make: () => new testing.SocketClosedError({ code: 1005, reason: '' }),
    code: 'ISTHMUS_TEST_SOCKET_CLOSED',
    parents: ROOT,
  },
}

const ABSTRACT = ['IsthmusError', 'PeerError', 'ServiceError']

/** The error classes that a module exports, by name. */
function classesOf(module: Module): Map<string, ErrorClass> {
  const classes = Object.entries(module).filter(
    ([, value]) => typeof value === 'function' && value.prototype instanceof Error,
  )
  return new Map(classes as Array<[string, ErrorClass]>)
}

/** The names of those of `classes` that `error` is an instance of. */
function kindsOf(error: unknown, classes: ReadonlyMap<string, ErrorClass>): string[] {
  return [...classes].filter(([, kind]) => error instanceof kind).map(([name]) => name)
}

const CLASSES = classesOf({ ...isthmus, ...testing, ...channels })
const MADE = Object.entries(ROWS)

describe('the exported error classes', () => {
  it('are those of this table', () => {
    expect([...CLASSES.keys()].toSorted()).toEqual([...ABSTRACT, ...Object.keys(ROWS)].toSorted())
  })

  it('are all of those that the sources have', () => {
    expect([...classesOf(errors).keys()].filter((name) => !CLASSES.has(name))).toEqual([])
  })

  it('have names that end in Error', () => {
    for (const name of CLASSES.keys()) expect(name).toMatch(/^[A-Z]\w+Error$/)
  })
})

describe.each(MADE)('%s', (name, { make, code, parents, status }) => {
  it('has its name, its code and its status', () => {
    const error = make()
    expect(error).toMatchObject({ name, code })
    expect(error.status).toBe(status)
  })

  it('has its name in its stack, and not among its own fields', () => {
    const error = make()
    expect(error.stack).toMatch(new RegExp(`^${name}: `))
    expect(Object.keys(error)).not.toContain('name')
    expect(isNativeError(error)).toBe(true)
  })

  it('is an instance of its class and its parents, and of no other class', () => {
    expect(kindsOf(make(), CLASSES).toSorted()).toEqual([name, ...parents].toSorted())
  })

  it('is an Error, and a TypeError if the app broke the contract', () => {
    const isFault = name === 'AppError' || parents.includes('AppError')
    expect(make()).toBeInstanceOf(Error)
    expect(make() instanceof TypeError).toBe(isFault)
  })
})

describe('instanceof', () => {
  it('is false for values of other kinds', () => {
    for (const value of [null, undefined, 7, 'x', {}, new Error('x'), new TypeError('x'), () => 1])
      expect(kindsOf(value, CLASSES)).toEqual([])
  })

  it('is false for a class of the same name and code that is not ours', () => {
    class PoolFullError extends Error {
      override name = 'PoolFullError'
      readonly code = 'ISTHMUS_POOL_FULL'
    }
    expect(kindsOf(new PoolFullError('x'), CLASSES)).toEqual([])
  })
})

describe('a class that an app derives', () => {
  class OrderError extends isthmus.AppError {
    override name = 'OrderError'
  }
  class SeatError extends OrderError {
    override readonly code = 'E_SEAT'
  }
  class OtherError extends isthmus.AppError {}

  it('is told from its siblings, and belongs to its parents', () => {
    const error = new SeatError('row 3 is sold')
    expect(error).toBeInstanceOf(SeatError)
    expect(error).toBeInstanceOf(OrderError)
    expect(error).not.toBeInstanceOf(OtherError)
    expect(new OrderError('x')).not.toBeInstanceOf(SeatError)
    expect(new isthmus.AppError('x')).not.toBeInstanceOf(OrderError)
    expect(kindsOf(error, CLASSES).toSorted()).toEqual(['AppError', 'IsthmusError'])
  })

  it('may have a name and a code of its own', () => {
    expect(new SeatError('x')).toMatchObject({ name: 'OrderError', code: 'E_SEAT' })
    expect(new OtherError('x')).toMatchObject({ name: 'AppError', code: 'ISTHMUS_APP_FAULT' })
    expect(inspect(new OtherError('x'))).toMatch(/^OtherError/)
  })
})

describe.each(['by another address', 'minified'])('a copy of the package, loaded %s,', (how) => {
  let copy: Module
  let classes: Map<string, ErrorClass>

  beforeAll(async () => {
    copy = how === 'minified' ? await minifiedCopy() : await secondCopy()
    classes = classesOf(copy)
  })

  it('has classes of its own', () => {
    expect(classes.size).toBeGreaterThan(20)
    for (const [name, kind] of classes) expect(kind).not.toBe(CLASSES.get(name))
    if (how !== 'minified') return
    expect(classes.get('PoolFullError')?.name).not.toBe('PoolFullError')
  })

  it('knows our errors, and we know its errors', () => {
    for (const [name, { make, parents }] of MADE) {
      const expected = [name, ...parents].filter((kind) => classes.has(kind)).toSorted()
      expect(kindsOf(make(), classes).toSorted()).toEqual(expected)

      const Kind = classes.get(name) as (new (...args: unknown[]) => Error) | undefined
      if (!Kind) continue
      const foreign = new Kind('x')
      expect(foreign).toMatchObject({ name, code: ROWS[name]?.code })
      expect(kindsOf(foreign, CLASSES).toSorted()).toEqual([name, ...parents].toSorted())
    }
  })

  it('knows an error of a class that an app derives from ours', () => {
    class OrderError extends isthmus.AppError {}
    const expected = ['AppError', 'IsthmusError']
    expect(kindsOf(new OrderError('x'), classes).toSorted()).toEqual(expected)
  })
})

const SOURCE = new URL('../src/errors.ts', import.meta.url)

async function secondCopy(): Promise<Module> {
  const address = `${SOURCE.href}?copy`
  return (await import(/* @vite-ignore */ address)) as Module
}

async function minifiedCopy(): Promise<Module> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(SOURCE)],
    bundle: true,
    write: false,
    format: 'esm',
    minify: true,
  })
  const address = `data:text/javascript,${encodeURIComponent(outputFiles[0]?.text ?? '')}`
  return (await import(/* @vite-ignore */ address)) as Module
}
