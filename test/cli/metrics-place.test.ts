// The value of --metrics.

import { describe, expect, it } from 'vitest'
import { metricsPlace } from '../../src/cli/metrics-place.ts'

describe('the place of the metrics', () => {
  it.each<[text: string, place: object]>([
    ['/metrics', { path: '/metrics' }],
    ['/internal/metrics', { path: '/internal/metrics' }],
    ['9464', { host: '127.0.0.1', port: 9_464 }],
    ['0', { host: '127.0.0.1', port: 0 }],
    ['0.0.0.0:9464', { host: '0.0.0.0', port: 9_464 }],
    ['localhost:65535', { host: 'localhost', port: 65_535 }],
    ['[::]:9464', { host: '::', port: 9_464 }],
  ])('is %s', (text, place) => {
    expect(metricsPlace.read([text])).toEqual(place)
  })

  it.each(['', '/', '/a/', '//a', 'metrics', '65536', ':9464', '::1:9464', 'a:b', '[]:1', '1.5'])(
    'is not "%s"',
    (text) => {
      expect(() => metricsPlace.read([text])).toThrow('must be /PATH, PORT or HOST:PORT')
    },
  )
})
