import { expect, test } from 'vitest'
import { parseOptions, PARTS } from './options.ts'

test('a run without options takes every part, the usual proxies and all servers', () => {
  expect(parseOptions([])).toEqual({
    parts: PARTS,
    proxies: ['nginx', 'nginx-unbuffered', 'haproxy'],
    servers: ['isthmus native', 'isthmus node', 'node:http'],
    mib: [2, 6, 30],
    rounds: { uploads: 20, restarts: 40 },
    isHelp: false,
  })
})

test('names stand alone or with commas, and "all" stands for every proxy', () => {
  const options = parseOptions(['--only', 'uploads,facts', '--only=restarts', '--proxy', 'all'])
  expect(options.parts).toEqual(['uploads', 'facts', 'restarts'])
  expect(options.proxies).toContain('varnish')
})

test('one number of rounds holds for uploads and restarts', () => {
  expect(parseOptions(['--rounds', '3']).rounds).toEqual({ uploads: 3, restarts: 3 })
})

test.each([
  [['--only', 'soak'], '--only is one of uploads, restarts,'],
  [['--proxy', 'squid'], '--proxy is one of nginx,'],
  [['--server', 'express'], '--server is one of isthmus native,'],
  [['--rounds', '0'], '--rounds is a whole number from 1 to 1000, got "0"'],
  [['--mib', '2,many'], '--mib is a whole number from 1 to 1024, got "many"'],
])('%j is refused with the remedy', (words, message) => {
  expect(() => parseOptions(words)).toThrow(message)
})
