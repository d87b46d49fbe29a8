// The light Response beside that of Node: the same arguments give the same properties, and the same errors.

import { describe, expect, it } from 'vitest'
import { LightResponse } from '../../../src/adapters/fetch/response.ts'

const Light = LightResponse as unknown as typeof Response
const bytes = new Uint8Array([0, 128, 255])

const ARGUMENTS: Array<[title: string, make: (kind: typeof Response) => Response]> = [
  ['no argument', (kind) => new kind()],
  ['null', (kind) => new kind(null)],
  ['a text', (kind) => new kind('hello')],
  ['an empty text', (kind) => new kind('')],
  ['bytes', (kind) => new kind(bytes)],
  ['an ArrayBuffer', (kind) => new kind(bytes.slice().buffer)],
  ['a Blob', (kind) => new kind(new Blob(['blob'], { type: 'text/x' }))],
  ['URLSearchParams', (kind) => new kind(new URLSearchParams({ a: 'b' }))],
  ['a status and a record', (kind) => new kind('x', { status: 201, headers: { 'X-A': '1' } })],
  ['a status text', (kind) => new kind('x', { statusText: 'Fine' })],
  [
    'pairs',
    (kind) =>
      new kind('x', {
        headers: [
          ['a', '1'],
          ['A', '2'],
          ['set-cookie', 'b'],
          ['set-cookie', 'c'],
        ],
      }),
  ],
  ['Headers', (kind) => new kind('x', { headers: new Headers({ 'content-type': 'text/html' }) })],
  ['its own type', (kind) => new kind('x', { headers: { 'Content-Type': 'text/html' } })],
  ['204 without a body', (kind) => new kind(null, { status: 204 })],
  [
    'another response as init',
    (kind) => new kind('x', new kind('y', { status: 418, headers: { a: '1' } })),
  ],
  [
    "Node's response as init",
    (kind) => new kind('x', new Response('y', { status: 418, headers: { a: '1' } })),
  ],
  ['json()', (kind) => kind.json({ a: 1 }, { status: 202 })],
  [
    'json() with a type',
    (kind) => kind.json([1], { headers: { 'content-type': 'application/x' } }),
  ],
  ['redirect()', (kind) => kind.redirect('http://a.test/', 303)],
  ['a clone', (kind) => new kind('x', { status: 201 }).clone()],
]

const ILLEGAL: Array<[title: string, make: (kind: typeof Response) => unknown]> = [
  ['status 199', (kind) => new kind('x', { status: 199 })],
  ['status 600', (kind) => new kind('x', { status: 600 })],
  ['a body for 204', (kind) => new kind('x', { status: 204 })],
  ['a body for 304', (kind) => new kind('', { status: 304 })],
  ['a status text with a line break', (kind) => new kind('x', { statusText: 'a\nb' })],
]

describe('a light Response', () => {
  it.each(ARGUMENTS)('has the properties of a real one: %s', async (_title, make) => {
    expect(await shown(make(Light))).toEqual(await shown(make(Response)))
  })

  it.each(ARGUMENTS)('has the parts of a real one before a read: %s', async (_title, make) => {
    const parts = LightResponse.partsOf(make(Light))
    const real = make(Response)
    if (!parts) return expect(await shown(make(Light))).toEqual(await shown(real))
    const headers = new Headers(parts.headers)
    expect([parts.status, [...headers]]).toEqual([real.status, [...real.headers]])
    expect(Buffer.from(parts.body as string)).toEqual(Buffer.from(await real.arrayBuffer()))
  })

  it.each(ILLEGAL)('throws the error of a real one: %s', (_title, make) => {
    let error: Error | undefined
    try {
      make(Response)
    } catch (thrown) {
      error = thrown as Error
    }
    expect(error).toBeInstanceOf(Error)
    expect(() => make(Light)).toThrow(error?.message)
  })

  it('keeps its bytes and fields when the caller changes its own', () => {
    const own = new Uint8Array([1])
    const headers = new Headers({ a: '1' })
    const response = new Light(own, { headers })
    own[0] = 2
    headers.set('a', '2')
    expect(LightResponse.partsOf(response)).toEqual({
      status: 200,
      headers: [['a', '1']],
      body: new Uint8Array([1]),
    })
  })

  it('has Headers that can be changed', () => {
    const response = new Light('x', { headers: { a: '1' } })
    response.headers.append('a', '2')
    response.headers.delete('content-type')
    expect(LightResponse.partsOf(response)?.headers).toEqual([['a', '1, 2']])
  })

  it('is a Response, and those of Node are instances of its class', () => {
    expect(new Light() instanceof Response).toBe(true)
    expect(new Response() instanceof Light).toBe(true)
    expect(({} as unknown) instanceof Light).toBe(false)
    class Derived extends Light {}
    expect(new Derived('x') instanceof Light).toBe(true)
    expect(new Response() instanceof Derived).toBe(false)
  })
})

async function shown(response: Response): Promise<unknown> {
  const { status, ok, statusText, type, redirected, url, bodyUsed } = response
  const headers = [...response.headers]
  const hasBody = response.body !== null
  const text = Buffer.from(await response.arrayBuffer()).toString('latin1')
  return {
    status,
    ok,
    statusText,
    type,
    redirected,
    url,
    bodyUsed,
    headers,
    hasBody,
    text,
    isUsed: response.bodyUsed,
  }
}
