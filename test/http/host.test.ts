// The two readings of a Host field: strict for links, and as sent for an environ.

import { describe, expect, it } from 'vitest'
import { parseHost, splitHost } from '../../src/http/host.ts'

describe('parseHost()', () => {
  it.each([
    ['example.com', 'example.com', undefined],
    ['EXAMPLE.com:8000', 'example.com', 8000],
    ['example.com.', 'example.com', undefined],
    ['example.com.:80', 'example.com', 80],
    ['my_host-1', 'my_host-1', undefined],
    ['127.0.0.1:1', '127.0.0.1', 1],
    ['[2001:DB8::1]:443', '[2001:db8::1]', 443],
    ['[::1]', '[::1]', undefined],
  ])('takes %s apart', (field, name, port) => {
    expect(parseHost(field)).toEqual({ name, port })
  })

  it.each([
    '',
    ':80',
    '.',
    'a..b',
    '.a',
    'a..',
    'a b',
    'a,b',
    'a/b',
    'a@b',
    'a\\b',
    'a?b',
    'a#b',
    '::1',
    '[::1',
    '[]',
    '[g]',
    '[:::]',
    '[1.2.3.4]',
    'a:',
    'a:x',
    'a:65536',
    'a:123456',
    'a:80:80',
    'a%2eb',
    'caf\xe9',
    'a\r\nb',
    "a'b",
    '<a>',
  ])('returns null for %j', (field) => {
    expect(parseHost(field)).toBeNull()
  })
})

describe('splitHost()', () => {
  it.each([
    ['Example.com', ['Example.com', undefined]],
    ['Example.com:8000', ['Example.com', '8000']],
    ['[::1]', ['[::1]', undefined]],
    ['[::1]:443', ['[::1]', '443']],
    ['', null],
  ])('returns the parts of %j as sent', (field, parts) => {
    expect(splitHost(field)).toEqual(parts)
  })
})
