// Bytes that readers disagree on, through remote() to real servers: nothing arrives that was not one request.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CORPUS } from '../raw/corpus/corpus.ts'
import { attempt } from './attempt.ts'
import { campaign } from './campaign.ts'
import { Front } from './front.ts'
import { lackOf, RecordingUpstream, UPSTREAMS } from './recording-upstream.ts'
import { naiveForwarder } from './naive-forwarder.ts'
import { SMUGGLED } from './strings.ts'
import type { CorpusCase } from '../raw/corpus/case.ts'
import type { Attempted } from './attempt.ts'

const SUITE_MS = 180_000
const FUZZ_MS = 2_000
const SEED = 18

describe.each(UPSTREAMS)('through remote() to %s', { timeout: SUITE_MS }, (name) => {
  const lack = lackOf(name)
  let upstream: RecordingUpstream
  let front: Front
  beforeAll(async () => {
    if (lack !== '') return
    upstream = await RecordingUpstream.start(name)
    front = await Front.start(upstream.url)
  }, SUITE_MS)
  afterAll(async () => {
    await front?.stop()
    await upstream?.stop()
  })
  const send = (bytes: string): Promise<Attempted> => attempt(bytes, front, upstream)

  it.skipIf(lack !== '').each(Object.entries(CORPUS))(
    `no byte string of the corpus of %s arrives as another request ${lack}`,
    async (_topic, cases) => {
      const faults: string[] = []
      for (const { bytes, requests } of cases) {
        const { faults: found, arrived } = await send(bytes)
        const strangers = arrived.filter((request) => !requests.some((one) => isOne(request, one)))
        faults.push(...found, ...strangers.map((request) => JSON.stringify(request)))
      }
      expect(faults).toEqual([])
    },
  )

  it.skipIf(lack !== '')(
    `a request that is hidden in ${SMUGGLED.length} byte strings never arrives, and a legal second one does ${lack}`,
    async () => {
      const faults: string[] = []
      let shared = 0
      for (const { name: string, bytes, targets } of SMUGGLED) {
        const { faults: found, arrived, isShared } = await send(bytes)
        const strangers = arrived.filter(({ target }) => !targets.includes(target))
        const all = targets.length === 1 || arrived.length === targets.length
        if (isShared) shared += 1
        if (!all) faults.push(`${string}: only ${arrived.length} arrived`)
        faults.push(
          ...[...found, ...strangers.map((it) => JSON.stringify(it))].map(
            (fault) => `${string}: ${fault}`,
          ),
        )
      }
      expect(faults).toEqual([])
      // The probe after an attempt tests the connection of the attempt only if it uses it.
      expect(shared).toBeGreaterThan(20)
    },
  )

  it.skipIf(lack !== '')(
    `requests that are broken at random arrive as they were read at the front ${lack}`,
    async () => {
      const given = { seed: SEED, milliseconds: FUZZ_MS }
      const { connections, arrived } = await campaign({ front, upstream }, given)
      expect(connections).toBeGreaterThan(0)
      expect(arrived).toBeGreaterThan(0)
    },
  )
})

describe('an attempt', () => {
  it('finds the request that a naive forwarder lets through', { timeout: SUITE_MS }, async () => {
    const upstream = await RecordingUpstream.start('node:http')
    const forwarder = await naiveForwarder(upstream.url)
    const front = await Front.startWith(forwarder)
    try {
      const hidden = 'GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n'
      const fields = `Connection: Content-Length\r\nContent-Length: ${hidden.length}`
      const bytes = `POST /outer HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n${hidden}`
      const { faults, arrived } = await attempt(bytes, front, upstream)
      expect(arrived.map(({ target }) => target)).toEqual(['/outer', '/hidden'])
      expect(faults.join('\n')).toContain('arrived, and was not one request: {"method":"GET"')
      expect(faults.join('\n')).toContain('the answer of the probe is that of another request')
    } finally {
      forwarder[Symbol.dispose]()
      await front.stop()
      await upstream.stop()
    }
  })
})

function isOne(
  { method, target, body }: Attempted['arrived'][number],
  one: CorpusCase['requests'][number],
): boolean {
  const isOrigin = one.target?.startsWith('/') === true
  return (
    (one.method ?? 'GET') === method &&
    (one.body ?? '') === body &&
    (!isOrigin || one.target?.replace(/\?$/, '') === target)
  )
}
