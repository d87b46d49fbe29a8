import { describe, expect, it } from 'vitest'
import { cycleRequest } from '../../src/server/cycle-request.ts'
import type { HeaderPairs } from 'isthmus'

function keepsAlive(httpVersion: '1.0' | '1.1', ...connection: string[]): boolean {
  const headers: HeaderPairs = connection.map((value) => ['connection', value])
  const head = { method: 'GET', target: '/', httpVersion, headers }
  return cycleRequest({ ...head, client: null, server: null, secure: false }, false).keepAlive
}

describe('a connection', () => {
  it('is kept by HTTP/1.1 unless a client says close, in whichever field', () => {
    expect(keepsAlive('1.1')).toBe(true)
    expect(keepsAlive('1.1', 'x, Close')).toBe(false)
    expect(keepsAlive('1.1', 'keep-alive', 'close')).toBe(false)
  })

  it('is kept by HTTP/1.0 for a client that asks for it, and says nothing else', () => {
    expect(keepsAlive('1.0')).toBe(false)
    expect(keepsAlive('1.0', 'x', 'Keep-Alive')).toBe(true)
    expect(keepsAlive('1.0', 'keep-alive, close')).toBe(false)
  })

  it('is not ended by what only looks like close: NBSP is no white space', () => {
    expect(keepsAlive('1.1', '\xa0close')).toBe(true)
  })
})
