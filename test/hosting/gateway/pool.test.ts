// The threads of a pool, and the limits of a wait for them.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { getPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { threadedMiddleware, threads } from 'isthmus'
import { describe, expect, it, vi } from 'vitest'
import { served } from '../../raw/served.ts'
import type { ThreadOptions } from 'isthmus'
import type { Served } from '../../raw/served.ts'

const APP = new URL('../../fixtures/threads/pool-app.js', import.meta.url)

function pool(options: ThreadOptions): Promise<Served> {
  return served(threads(APP, options), { lifespan: 'on', graceMs: 5_000 })
}

async function get({ server }: Served, path: string): Promise<{ status: number; body: string }> {
  const response = await fetch(server.url + path, { signal: AbortSignal.timeout(30_000) })
  return { status: response.status, body: await response.text() }
}

describe('a pool', { timeout: 60_000 }, () => {
  it('grows while requests wait, so that they run side by side', async () => {
    await using server = await pool({ max: 2 })
    const ids = new Set<string>()
    // The second thread is there when it has loaded the app; until then requests take turns.
    for (let round = 0; round < 50 && ids.size < 2; round += 1) {
      const pair = await Promise.all([get(server, '/burn/200'), get(server, '/burn/200')])
      for (const { status, body } of pair) ids.add(`${status} ${body}`)
    }
    expect([...ids].map((id) => id.slice(0, 3))).toEqual(['200', '200'])
  })

  it('[3c.23] answers 503 with Retry-After when its queue is full', async () => {
    await using server = await pool({ max: 1, maxQueue: 1 })
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => burn(server)))
    expect(answers).toContainEqual([200, null])
    expect(answers).toContainEqual([503, '1'])
    expect(new Set(answers.map(String)).size).toBe(2)
  })

  it('[3c.23] answers 503 with Retry-After when a request has waited for queueTimeoutMs', async () => {
    await using server = await pool({ max: 1, queueTimeoutMs: 200 })
    const slow = get(server, '/burn/1500')
    const response = await fetch(`${server.server.url}/`, { signal: AbortSignal.timeout(30_000) })
    const status = [response.status, response.headers.get('retry-after')]
    // The two requests may arrive in either order.
    if (response.status === 503) expect(status).toEqual([503, '1'])
    const waiting = fetch(`${server.server.url}/`, { signal: AbortSignal.timeout(30_000) })
    const answers = [response.status, (await waiting).status]
    expect(answers).toContain(503)
    expect((await slow).status).toBe(200)
    expect((await get(server, '/')).status).toBe(200)
  })

  it('[3c.24] fails the requests that wait for a module that loads and dies', async () => {
    const dying = threads(new URL('../../fixtures/threads/pool-dying.js', import.meta.url), {
      max: 1,
    })
    await using server = await served(dying)
    expect((await get(server, '/')).status).toBe(500)
  })

  it('[3c.23] never starts a request whose client left while it waited', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'isthmus-pool-'))
    const journal = join(folder, 'journal')
    writeFileSync(journal, '')
    await using server = await pool({ max: 1 })
    const slow = get(server, `/burn/800?${journal}`)
    await vi.waitFor(() => expect(readFileSync(journal, 'utf8')).toBe('burning\n'), 8_000)
    const leaving = new AbortController()
    const left = fetch(`${server.server.url}/note?${journal}`, { signal: leaving.signal })
    setTimeout(() => leaving.abort(), 150)
    await expect(left).rejects.toThrow('aborted')
    await slow
    expect((await get(server, '/')).status).toBe(200)
    expect(readFileSync(journal, 'utf8')).toBe('burning\n')
    rmSync(folder, { recursive: true })
  })

  it('lets no request wait for a slow one while another thread is free', async () => {
    await using server = await pool({ min: 2, max: 2 })
    // So many quick ones that the handler counts as quick, and is given requests ahead.
    for (let round = 0; round < 20; round += 1) {
      await Promise.all(Array.from({ length: 10 }, () => get(server, '/')))
    }
    let slowIsDone = false
    const slow = get(server, '/burn/3000').then(() => {
      slowIsDone = true
    })
    const quick = await Promise.all(Array.from({ length: 60 }, () => get(server, '/')))
    expect(quick.every(({ status }) => status === 200)).toBe(true)
    expect(slowIsDone).toBe(false)
    await slow
  })

  it.runIf(process.platform === 'linux')(
    'runs its threads at a lower priority than the event loop, by `nice`',
    async () => {
      const own = getPriority()
      await using standing = await pool({ max: 1 })
      await using level = await pool({ max: 1, nice: 0 })
      expect((await get(standing, '/priority')).body).toBe(String(Math.min(own + 5, 19)))
      expect((await get(level, '/priority')).body).toBe(String(own))
      expect(getPriority()).toBe(own)
    },
  )

  it('replaces a thread after maxRequests', async () => {
    await using server = await pool({ max: 1, maxRequests: 3 })
    const ids: string[] = []
    for (let count = 0; count < 7; count += 1) ids.push((await get(server, '/')).body)
    const [a, b, c] = [...new Set(ids)]
    expect(ids).toEqual([a, a, a, b, b, b, c])
  })

  it('starts again in the same process, with threads of its own', async () => {
    const app = threads(APP, { max: 1 })
    for (let round = 0; round < 2; round += 1) {
      await using server = await served(app, { lifespan: 'on' })
      expect((await get(server, '/')).status).toBe(200)
    }
  })

  it('[3c.29] refuses to start an app that does not load, and says why', async () => {
    const broken = threads(new URL('../../fixtures/threads/pool-broken.js', import.meta.url))
    await expect(served(broken, { lifespan: 'auto' })).rejects.toThrow('no such table: tickets')
    await expect(served(threads(APP, { export: 'nope' }), { lifespan: 'auto' })).rejects.toThrow(
      'has no export "nope"; it exports default',
    )
  })

  it('refuses options that cannot be', () => {
    expect(() => threads(APP, { max: 0 })).toThrow(
      'threads(): option "max" cannot be 0: it is a whole number of at least 1, or Infinity',
    )
    expect(() => threads(APP, { nice: 20 })).toThrow(
      'option "nice" cannot be 20: it is a whole number from 0 to 19',
    )
    expect(() => threads(APP, { min: 3, max: 2 })).toThrow('min (3) is more than max (2)')
    expect(() => threads(APP, { timeout: 3 } as never)).toThrow(
      'threads(): unknown option "timeout"; did you mean "timeoutMs"?',
    )
    expect(() => threadedMiddleware(APP, { nice: -1 })).toThrow(
      'threadedMiddleware(): option "nice" cannot be -1',
    )
  })
})

async function burn({ server }: Served): Promise<[status: number, retryAfter: string | null]> {
  const response = await fetch(`${server.url}/burn/400`, { signal: AbortSignal.timeout(30_000) })
  await response.text()
  return [response.status, response.headers.get('retry-after')]
}
