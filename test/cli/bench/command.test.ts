// isthmus bench: its options, its measurements and its advice.

import { describe, expect, it } from 'vitest'
import { parseArguments } from '../parse-arguments.ts'
import { adviceFor } from '../../../src/cli/bench/advice.ts'
import { run } from '../command.ts'
import type { Comparison, Measured } from '../../../src/cli/bench/advice.ts'

const QUICK: Measured = {
  perSecond: 10_000,
  p50Ms: 0.2,
  p99Ms: 1,
  cpuMs: 0.05,
  heldMs: 0.02,
  longestMs: 0.5,
  failures: '',
}

function advice(
  inline: Partial<Measured>,
  threads: Partial<Measured>,
  rest?: Partial<Comparison>,
): string {
  return adviceFor({
    path: '/',
    mount: '/',
    style: 'sync',
    inline: { ...QUICK, ...inline },
    threads: { ...QUICK, ...threads },
    ...rest,
  })
}

describe('the command line', () => {
  it('has a default for everything', () => {
    expect(parseArguments(['bench', 'app.js'], {})).toMatchObject({
      type: 'bench',
      app: { file: 'app.js', exportName: 'default' },
      mounts: [],
      paths: [],
      connections: 8,
      durationMs: 2_000,
    })
  })

  it('takes the given values', () => {
    const words = [
      '--path',
      '/',
      '--path',
      '/a?b=c',
      '--mount',
      '/x=y.js',
      '--threads',
      '3',
      '--seconds',
      '0.5',
    ]
    expect(parseArguments(['bench', 'app.js', ...words], {})).toMatchObject({
      paths: ['/', '/a?b=c'],
      mounts: [['/x', { file: 'y.js' }]],
      threads: 3,
      durationMs: 500,
    })
  })

  it.each([
    [['--path', 'a'], '--path must be a path that starts with "/", got "a"'],
    [['--threads', '0'], '--threads must be a whole number from 1 to 1024, got "0"'],
    [['--port', '8000'], 'unknown argument "port"'],
  ])('refuses %j', (words, message) => {
    expect(() => parseArguments(['bench', 'app.js', ...words], {})).toThrow(message)
  })
})

describe('the advice', () => {
  it('for sync code of microseconds is to leave it inline, and shows the cost of threads', () => {
    expect(advice({}, { cpuMs: 0.07 })).toBe(
      '/, sync: holds the event loop for 0.020 ms a request; inline is right: threads would cost 0.020 ms of CPU more',
    )
  })

  it('for blocking sync code is threads, and names the mount and the time', () => {
    const blocking = { heldMs: 210, longestMs: 250 }
    const rest = { mount: '/report', path: '/report?year=2025' }
    expect(advice(blocking, { heldMs: 0.1 }, rest)).toBe(
      '/report (/report?year=2025), sync: inline it holds the event loop for 210 ms a request (at most 250 ms), ' +
        'and everything else waits; host it in threads: there it is 0.100 ms',
    )
  })

  it('for a few milliseconds depends on the other apps of the process', () => {
    expect(advice({ heldMs: 4 }, {})).toContain('if the process also serves anything realtime')
  })

  it('for an async app that blocks is to move the blocking code', () => {
    const held = { heldMs: 40 }
    expect(advice(held, held, { style: 'events' })).toContain(
      'inline and in threads; move the blocking code',
    )
  })

  it('is to measure another path if the responses are errors', () => {
    expect(advice({ failures: '404 × 12' }, {})).toBe(
      '/, sync: was answered 404 × 12; measure a path that succeeds',
    )
  })
})

describe('isthmus bench', { timeout: 60_000 }, () => {
  it('measures every mount inline and in threads, and finds the blocking one', async () => {
    const words = [
      'bench',
      'test/fixtures/cli/bench-app.js',
      '--seconds',
      '0.2',
      '--connections',
      '2',
    ]
    const { status, stdout, stderr } = await run([...words, '--threads', '1'])

    expect(stderr).not.toContain('isthmus:')
    expect(status).toBe(0)
    expect(stdout).toMatch(/^\/ +inline /m)
    expect(stdout).toMatch(/^\/slow +threads × 1 /m)
    expect(stdout).toMatch(/^\/slow, sync: inline it holds .* host it in threads: there it is /m)
    expect(stdout).toMatch(/^\/stuck, events: holds .* inline and in threads/m)
  })

  it('reports a missing app in one line, with exit status 2', async () => {
    const { status, stdout, stderr } = await run(['bench', 'nothing.js'])
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^isthmus: cannot load .*nothing\.js: there is no such file; .*\n$/)
  })

  it('fails with 1 when the app ends its process', async () => {
    const words = ['bench', 'test/fixtures/cli/bench-app.js#exits', '--seconds', '0.2']
    const { status, stderr } = await run(words)
    expect(status).toBe(1)
    expect(stderr).toContain('isthmus: the app ended its process, with exit status 7')
  })
})
