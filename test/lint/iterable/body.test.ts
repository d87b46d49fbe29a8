import { describe, expect, it } from 'vitest'
import { LintedAsyncBody } from '../../../src/lint/iterable/body.ts'
import { LintedResponse } from '../../../src/lint/sync/response.ts'
import { OpenBodies } from '../../../src/lint/open-bodies.ts'
import { LintError } from '../../../src/errors.ts'
import type { AsyncBody } from '../../../src/contract/environ.ts'

const PARTIES = { app: 'app', server: 'server' } as const

async function* ticks(): AsyncGenerator<string> {
  for (;;) yield 'tick'
}

function linted(body: AsyncBody = ticks()): LintedAsyncBody {
  const response = new LintedResponse({ REQUEST_METHOD: 'GET' }, () => () => undefined, PARTIES)
  response.startResponse('200 OK', [])
  return new LintedAsyncBody(body, response, PARTIES, new OpenBodies(PARTIES))
}

describe('a server that iterates an async body under lint', () => {
  it('[3a.51] iterates, returns and closes', async () => {
    const body = linted()
    const iterator = body[Symbol.asyncIterator]()
    expect(await iterator.next()).toEqual({ done: false, value: 'tick' })
    expect(await iterator.return()).toEqual({ done: true, value: undefined })
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
    await body.close()
  })

  it('may close a body that it never iterated', async () => {
    await expect(linted().close()).resolves.toBeUndefined()
  })

  it('[3a.63] awaits one chunk before it asks for the next', async () => {
    const iterator = linted()[Symbol.asyncIterator]()
    const first = iterator.next()
    await expect(iterator.next()).rejects.toThrow(
      'server broke PEP 3333 (Specification Details): it asked for a chunk before it had the previous one; await each next()',
    )
    await first
  })

  it('[3a.64] may stop while a chunk is awaited', async () => {
    let give: (value: string) => void = () => undefined
    const slow: AsyncBody = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({
          done: false,
          value: await new Promise<string>((resolve) => (give = resolve)),
        }),
        return: () => Promise.resolve({ done: true, value: undefined }),
      }),
    }
    const body = linted(slow)
    const iterator = body[Symbol.asyncIterator]()
    const late = iterator.next()
    await iterator.return()
    await body.close()
    give('too late')
    expect(await late).toEqual({ done: false, value: 'too late' })
  })

  it('does not iterate a body twice, nor a closed body', async () => {
    const body = linted()
    const iterator = body[Symbol.asyncIterator]()
    expect(() => body[Symbol.asyncIterator]()).toThrow('it iterated a body twice')
    await iterator.return()
    await body.close()
    expect(() => body[Symbol.asyncIterator]()).toThrow('it iterated a closed body')
    await expect(iterator.next()).rejects.toThrow('it asked a closed body for a chunk')
    await expect(iterator.return()).rejects.toThrow('it called return() after close()')
    await expect(body.close()).rejects.toThrow('it closed a body twice')
  })

  it('[3a.52] calls return() before it closes a body that it stopped early', async () => {
    const body = linted()
    await body[Symbol.asyncIterator]().next()
    await expect(body.close()).rejects.toThrow('it stopped early without return()')
  })

  it('[3a.51] closes the body of the app, and awaits that', async () => {
    const log: string[] = []
    const body = linted({
      [Symbol.asyncIterator]: ticks,
      close: async () => {
        await Promise.resolve()
        log.push('closed')
      },
    })
    await body.close()
    expect(log).toEqual(['closed'])
  })

  it('owes no return() to an iterator that threw', async () => {
    const body = linted(
      (async function* () {
        yield await Promise.reject(new RangeError('no rows'))
      })(),
    )
    await expect(body[Symbol.asyncIterator]().next()).rejects.toThrow(new RangeError('no rows'))
    await expect(body.close()).resolves.toBeUndefined()
  })

  it('returns from an iterator after an illegal chunk', async () => {
    let returned = false
    const body = linted(
      (async function* () {
        try {
          yield 1 as unknown as string
        } finally {
          returned = true
        }
      })(),
    )
    await expect(body[Symbol.asyncIterator]().next()).rejects.toThrow(LintError)
    expect(returned).toBe(true)
  })
})
