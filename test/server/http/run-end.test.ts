// The end of an HTTP exchange, as the server reports it: once for each exchange, and with the facts of the wire.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  BodyTooLargeError,
  ClientDisconnectedError,
  ServerShutdownError,
} from '../../../src/errors.ts'
import { guardedLog } from '../../../src/guarded-log.ts'
import { failureOf, turn } from '../../bridge/host.ts'
import { startCycle } from '../fake-http-transport.ts'
import type { EventApp, HttpScope, ResponseEnd, SendEvent } from '../../../src/contract/events.ts'
import type { HttpRun } from '../../../src/server/http/run.ts'
import type { CycleOptions } from '../fake-http-transport.ts'

const START = { type: 'http.response.start', status: 200 } as const
const MORE = { type: 'http.response.body', body: 'grün', moreBody: true } as const
const LAST = { type: 'http.response.body', body: 'b' } as const
const BUG = new Error('a bug')

/** Sends `events`, then calls `then`. */
const sending =
  (events: readonly SendEvent[], then: () => unknown = () => undefined): EventApp =>
  async (_scope, _receive, send) => {
    for (const event of events) await send(event)
    return (await then()) as void
  }

const fails = (error: unknown) => (): never => {
  throw error
}

interface Ended {
  /** The ends as `[outcome, status, bytes, error]`; an exchange has one. */
  ends: unknown[][]
  run: HttpRun
  calls: string[]
  lines: string[]
}

/** Runs `app`, does `meanwhile` after a turn, and waits for the app. */
async function ended(
  app: EventApp,
  meanwhile: (run: HttpRun) => void = () => undefined,
  options: CycleOptions = {},
): Promise<Ended> {
  const ends: unknown[][] = []
  const listening: EventApp = (scope, receive, send) => {
    const note = ({ outcome, status, bytes, code, error }: ResponseEnd): void => {
      expect(code).toBeUndefined()
      ends.push([outcome, status, bytes, error])
    }
    ;(scope as HttpScope)['isthmus.exchange']?.onEnd(note)
    return app(scope, receive, send)
  }
  const { cycle, transport, log, done } = startCycle(listening, options)
  await turn()
  meanwhile(cycle)
  await done
  await turn()
  return { ends, run: cycle, calls: transport.calls, lines: log.lines }
}

const endsOf = async (...args: Parameters<typeof ended>): Promise<unknown[][]> =>
  (await ended(...args)).ends

describe('HttpRun: the end of a complete response', () => {
  it('has the status, and the bytes of the body in UTF-8', async () => {
    const app = sending([{ ...START, status: 201 }, MORE, LAST])
    expect(await endsOf(app)).toEqual([['complete', 201, 6, undefined]])
  })

  it('is reported with the last byte, although the app still runs or fails later', async () => {
    const journal: string[] = []
    const app: EventApp = async (scope, _receive, send) => {
      ;(scope as HttpScope)['isthmus.exchange']?.onEnd(() => journal.push('end'))
      await send(START)
      await send(LAST)
      journal.push('app')
      throw BUG
    }
    expect(await endsOf(app)).toEqual([['complete', 200, 1, undefined]])
    expect(journal).toEqual(['end', 'app'])
  })

  it('has no bytes for HEAD, 204 and 304', async () => {
    const head = { scope: { method: 'HEAD' } }
    expect(await endsOf(sending([START, LAST]), undefined, head)).toEqual([
      ['complete', 200, 0, undefined],
    ])
    for (const status of [204, 304]) {
      expect(await endsOf(sending([{ ...START, status }, MORE]))).toEqual([
        ['complete', status, 0, undefined],
      ])
    }
  })

  it('reaches a callback that comes after it', async () => {
    const { run } = await ended(sending([START, LAST]))
    expect(run.end).toMatchObject({ outcome: 'complete', status: 200, bytes: 1 })
    let seen: ResponseEnd | undefined
    const late: EventApp = async (scope, receive, send) => {
      await sending([START, LAST])(scope, receive, send)
      ;(scope as HttpScope)['isthmus.exchange']?.onEnd((end) => (seen = end))
    }
    await ended(late)
    expect(seen).toMatchObject({ outcome: 'complete', status: 200, bytes: 1 })
  })
})

describe("HttpRun: the end with the server's own answer", () => {
  it('has the status and the bytes of that answer, and the error of the app', async () => {
    expect(await endsOf(sending([], fails(BUG)))).toEqual([['complete', 500, 22, BUG]])
    expect(await endsOf(sending([]))).toEqual([['complete', 500, 22, undefined]])
    const stopped = sending([], () => turn().then(turn))
    expect(await endsOf(stopped, (run) => run.shutdown())).toEqual([
      ['complete', 503, 20, undefined],
    ])
  })

  it('replaces a start whose head is held, if the error ends the connection', async () => {
    const error = new BodyTooLargeError(1)
    expect(await endsOf(sending([START], fails(error)))).toEqual([['complete', 413, 18, error]])
  })

  it('is that of a request body that is too long, before the app runs', async () => {
    const { cycle, done } = startCycle(sending([]), {
      request: { hasBody: true, contentLength: 9 },
      settings: { maxBodyBytes: 5 },
    })
    await done
    const { outcome, status, bytes, error } = cycle.end
    expect([outcome, status, bytes]).toEqual(['complete', 413, 18])
    expect(error).toBeInstanceOf(BodyTooLargeError)
  })
})

describe('HttpRun: the end of a file', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isthmus-end-'))
    await writeFile(join(folder, 'seats.txt'), 'A1 A2')
  })
  afterAll(() => rm(folder, { recursive: true }))

  const file = (name: string): EventApp =>
    sending([START, { type: 'http.response.pathsend', path: join(folder, name) }])

  it('has the bytes of the file', async () => {
    expect(await endsOf(file('seats.txt'))).toEqual([['complete', 200, 5, undefined]])
  })

  it('that cannot be opened has the answer of the server, and the error', async () => {
    expect(await endsOf(file('none.txt'))).toEqual([
      ['complete', 404, 10, expect.objectContaining({ code: 'ENOENT' })],
    ])
  })
})

describe('HttpRun: the end of a response that breaks off', () => {
  it('is aborted, with the status that the app announced', async () => {
    expect(await endsOf(sending([START], fails(BUG)))).toEqual([['aborted', 200, 0, BUG]])
    expect(await endsOf(sending([START, MORE], fails(BUG)))).toEqual([['aborted', 200, 5, BUG]])
    expect(await endsOf(sending([START, MORE]))).toEqual([['aborted', 200, 5, undefined]])
  })

  it('has the same bytes for a callback that comes later, although the app sends on', async () => {
    const late: ResponseEnd[] = []
    const rejections: unknown[] = []
    const sendsOn: EventApp = async (scope, _receive, send) => {
      const sendOn = async (): Promise<void> => {
        for (let count = 0; count < 20; count += 1) await send(MORE)
      }
      await send(START)
      void sendOn().catch((error: unknown) => {
        rejections.push(error)
        ;(scope as HttpScope)['isthmus.exchange']?.onEnd((end) => late.push(end))
      })
      throw BUG
    }
    const [first] = await endsOf(sendsOn)
    await turn()
    expect(rejections).toEqual([expect.any(ClientDisconnectedError)])
    expect(
      late.map(({ outcome, status, bytes, error }) => [outcome, status, bytes, error]),
    ).toEqual([first])
  })

  it('is aborted, and not the leave of the client, if the body is too short', async () => {
    const short: EventApp = async (_scope, _receive, send) => {
      await send({ ...START, headers: [['content-length', '9']] })
      await failureOf(send(LAST))
      await turn()
    }
    expect(await endsOf(short)).toEqual([
      ['aborted', 200, 0, expect.objectContaining({ code: 'ISTHMUS_CONTENT_LENGTH_MISMATCH' })],
    ])
  })
})

describe('HttpRun: the end of a lost connection', () => {
  it('is disconnected at once, although the app still runs', async () => {
    let outcome = ''
    const app = sending([START, MORE], () => turn().then(turn).then(fails(BUG)))
    const ends = await endsOf(app, (run) => {
      run.onDisconnect()
      outcome = run.end.outcome
      run.onDisconnect()
    })
    expect(ends).toEqual([['disconnected', 200, 5, expect.any(ClientDisconnectedError)]])
    expect(outcome).toBe('disconnected')
  })

  it('has no status before the start', async () => {
    const app = sending([], () => turn().then(turn))
    expect(await endsOf(app, (run) => run.onDisconnect())).toEqual([
      ['disconnected', null, 0, expect.any(ClientDisconnectedError)],
    ])
  })

  it('is aborted if a shutdown cuts it', async () => {
    const cut = (run: HttpRun): void => {
      run.shutdown()
      run.onDisconnect()
    }
    expect(
      await endsOf(
        sending([START, MORE], () => turn()),
        cut,
      ),
    ).toEqual([['aborted', 200, 5, expect.any(ServerShutdownError)]])
  })
})

describe('HttpRun: a log that throws', () => {
  // As resolveOptions() passes it on.
  const log = guardedLog({
    debug: fails(BUG),
    info: fails(BUG),
    warn: fails(BUG),
    error: fails(BUG),
  })

  it('leaves no exchange without its answer', async () => {
    for (const app of [sending([], fails(BUG)), sending([])]) {
      const { ends, calls } = await ended(app, undefined, { settings: { log } })
      expect(calls[0]).toBe('head 500')
      expect(ends).toHaveLength(1)
    }
    const broken = await ended(sending([START]), undefined, { settings: { log } })
    expect(broken.calls).toEqual(['destroy'])
    const short: EventApp = async (_scope, _receive, send) => {
      await send({ ...START, headers: [['content-length', '9']] })
      await failureOf(send(LAST))
    }
    expect((await ended(short, undefined, { settings: { log } })).calls).toEqual(['destroy'])
  })

  it('is not asked before the answer', async () => {
    const {
      transport,
      log: recorded,
      done,
    } = startCycle(sending([], fails(BUG)), {
      settings: {
        log: { ...log, error: () => transport.calls.push('log') },
      },
    })
    await done
    expect(recorded.lines).toEqual([])
    expect(transport.calls).toEqual(['head 500', 'chunk Internal Server Error\n', 'end', 'log'])
  })
})

describe('HttpRun: an error that throws when the server looks at it', () => {
  it('is answered with a description in place of its text', async () => {
    const hostile = Object.defineProperty(new Error('hostile'), inspect.custom, {
      value: fails(BUG),
    })
    const { ends, calls } = await ended(sending([], fails(hostile)), undefined, {
      settings: { debug: true },
    })
    const text = 'a thrown object that cannot be read\n'
    expect(calls).toEqual(['head 500', `chunk ${text}`, 'end'])
    expect(ends).toEqual([['complete', 500, text.length, hostile]])
  })
})
