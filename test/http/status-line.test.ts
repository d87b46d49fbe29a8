import { expect, it } from 'vitest'
import { statusLine } from '../../src/http/status-line.ts'

it('is the code and the reason phrase that Node knows', () => {
  expect(statusLine(200)).toBe('200 OK')
  expect(statusLine(404)).toBe('404 Not Found')
})

it('has an empty reason for an unknown code', () => {
  expect(statusLine(299)).toBe('299 ')
})
