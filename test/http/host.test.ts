// What a Host field says, and what is none.

import { describe, expect, it } from 'vitest'
import { parseHost } from '../../src/http/host.ts'

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
  ])('takes %j for none', (field) => {
    expect(parseHost(field)).toBeNull()
  })
})
