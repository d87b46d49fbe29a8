// compress({ filter }): a function of the response decides, before the media type does.

import { describe, expect, it } from 'vitest'
import { events, iterable, sync } from '../../src/bridge/style.ts'
import { compress } from '../../src/middleware/compress.ts'
import { testClient } from '../../src/testing/test-client.ts'
import type { App } from '../../src/bridge/style.ts'
import type { HeaderPairs } from '../../src/contract/events.ts'
import type { CompressOptions } from '../../src/middleware/compress.ts'

const BODY = 'All work and no play makes Jack a dull boy.\n'.repeat(100)
const TEXT: HeaderPairs = [['content-type', 'text/plain']]

interface Answer {
  status?: number
  headers?: HeaderPairs
  method?: string
  target?: string
}

type Filter = CompressOptions['filter']

async function codingOf(filter: Filter, answer: Answer = {}): Promise<string | undefined> {
  return (await fieldsOf(filter, answer)).get('content-encoding')
}

async function fieldsOf(filter: Filter, answer: Answer) {
  const { status = 200, headers = TEXT, method = 'GET', target = '/' } = answer
  const app = sync((_environ, startResponse) => {
    startResponse(`${status} Reason`, headers)
    return [BODY]
  })
  await using client = await testClient(compress({ filter })(app))
  const response = await client.request(method, target, { headers: { 'accept-encoding': 'gzip' } })
  return response.headers
}

describe('the option filter', () => {
  it('leaves a response plain, without a Vary, by its fields', async () => {
    const filter: Filter = ({ headers }) => !headers.has('x-no-compression')
    const headers: HeaderPairs = [...TEXT, ['x-no-compression', '1']]
    const fields = await fieldsOf(filter, { headers })
    expect([fields.get('content-encoding'), fields.get('vary')]).toEqual([undefined, undefined])
    expect(await codingOf(filter)).toBe('gzip')
  })

  it('decides by the request', async () => {
    const filter: Filter = (_response, request) => request.path !== '/search'
    expect(await codingOf(filter, { target: '/search?q=1' })).toBeUndefined()
    expect(await codingOf(filter, { target: '/' })).toBe('gzip')
  })

  it('compresses a type that is not compressible by default, and no type at all', async () => {
    const headers: HeaderPairs = [['content-type', 'application/octet-stream']]
    expect(await codingOf(undefined, { headers })).toBeUndefined()
    expect(await codingOf(() => true, { headers })).toBe('gzip')
    expect(await codingOf(() => true, { headers: [] })).toBe('gzip')
  })

  it('leaves the decision to the media type if it returns undefined', async () => {
    const image: HeaderPairs = [['content-type', 'image/png']]
    expect(await codingOf(() => undefined)).toBe('gzip')
    expect(await codingOf(() => undefined, { headers: image })).toBeUndefined()
  })

  it.each<[title: string, answer: Answer]>([
    ['a coding', { headers: [...TEXT, ['content-encoding', 'br']] }],
    ['no-transform', { headers: [...TEXT, ['cache-control', 'no-transform']] }],
    ['a part of a body', { status: 206, headers: [...TEXT, ['content-range', 'bytes 0-1/2']] }],
    ['a short body', { headers: [...TEXT, ['content-length', '5']], method: 'HEAD' }],
  ])('compresses no response with %s, although it returns true', async (_title, answer) => {
    expect(await codingOf(() => true, answer)).not.toBe('gzip')
  })

  it('leaves the Vary of a 304 without a type, which cannot be judged', async () => {
    const fields = await fieldsOf(() => false, { status: 304, headers: [] })
    expect(fields.get('vary')).toBe('Accept-Encoding')
  })

  it('is asked once for each response, around every style', async () => {
    const apps: App[] = [
      sync((_environ, startResponse) => {
        startResponse('200 OK', TEXT)
        return [BODY]
      }),
      iterable(async function* (_environ, startResponse) {
        startResponse('200 OK', TEXT)
        yield BODY
        yield BODY
      }),
      events(async (_scope, _receive, send) => {
        await send({ type: 'http.response.start', status: 200, headers: TEXT })
        await send({ type: 'http.response.body', body: BODY })
      }),
    ]
    const asked: string[] = []
    const filter: Filter = ({ status, headers }, { method }) => {
      asked.push(`${method} ${status} ${headers.get('content-type')}`)
      return false
    }
    for (const app of apps) {
      await using client = await testClient(compress({ filter })(app), { lifespan: 'off' })
      const response = await client.get('/', { headers: { 'accept-encoding': 'gzip' } })
      expect(response.headers.get('content-encoding')).toBeUndefined()
    }
    expect(asked).toEqual(Array.from({ length: 3 }, () => 'GET 200 text/plain'))
  })

  it('fails the request if it is async: a promise would compress every response', async () => {
    const filter = (async () => false) as never
    await expect(codingOf(filter)).rejects.toThrow(
      'compress(): filter() returned object, not a boolean or undefined: it cannot be async',
    )
  })

  it('is a function', () => {
    expect(() => compress({ filter: true as never })).toThrow(
      'compress(): option "filter" cannot be true: it is a function',
    )
  })
})
