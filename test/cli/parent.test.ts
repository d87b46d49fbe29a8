// The end of the process that started the server: a package manager counts, all other parents do not.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { scriptOf, watchParent } from '../../src/cli/parent.ts'
import { get } from './command.ts'
import { Started } from './started.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const SLOW = join(ROOT, 'test/fixtures/cli/slow.js')
const WORDS = `serve inline:${SLOW} --port 0`
const folder = mkdtempSync(join(tmpdir(), 'isthmus-npm-'))
const bin = join(folder, 'node_modules/.bin')

mkdirSync(bin, { recursive: true })
symlinkSync(join(ROOT, 'dist/cli/main.js'), join(bin, 'isthmus'))
writeFileSync(
  join(folder, 'package.json'),
  JSON.stringify({ name: 'shop', scripts: { start: `isthmus ${WORDS}` } }),
)
afterAll(() => rmSync(folder, { recursive: true }))

describe.concurrent('a server whose parent ends', { timeout: 60_000 }, () => {
  it('drains and frees its port if the parent was npm start or npx', async () => {
    const all = [
      new Started('npm', ['start', '--silent'], { cwd: folder }),
      new Started('npx', ['--no', 'isthmus', ...WORDS.split(' ')], { cwd: folder }),
    ]
    try {
      await Promise.all(
        all.map(async (started) => {
          const url = await started.url()
          const answer = get(`${url}/?300`)
          await started.says(/(working)/)
          started.child.kill('SIGTERM')
          expect(await answer).toBe('on the loop')
          await started.ended
          await expect(get(url)).rejects.toThrow('fetch failed')
        }),
      )
    } finally {
      for (const started of all) started.kill()
    }
    expect(all[0]?.output).toMatch(/npm run start.*draining/)
    expect(all[1]?.output).toMatch(/npx.*draining/)
  })

  it('drains if a signal for itself has ended npx alone, and the shell of npx waits', async () => {
    const npx = new Started('npx', ['--no', 'isthmus', ...WORDS.split(' ')], { cwd: folder })
    try {
      const url = await npx.url()
      npx.child.kill('SIGHUP')
      await npx.ended
      await expect(get(url)).rejects.toThrow('fetch failed')
    } finally {
      npx.kill()
    }
    expect(npx.output).toMatch(/npx.*draining/)
  })

  it('stays if the parent was a shell, with nohup too', async () => {
    const command = `node_modules/.bin/isthmus ${WORDS}`
    const script = `${command} & nohup ${command} & read line`
    const started = new Started('sh', ['-c', script], { cwd: folder })
    try {
      await started.says(/listening on [^]*listening on (\S+)\n/)
      const urls = started.output.match(/http:\S+/g) ?? []
      started.child.kill('SIGKILL')
      // Longer than the time between two looks at the parent.
      await new Promise((resolve) => setTimeout(resolve, 1_200))
      for (const url of urls) expect(await get(`${url}/?0`)).toBeTruthy()
      expect(urls).toHaveLength(2)
    } finally {
      started.kill()
    }
  })
})

describe('watchParent', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  /** The number of reported ends, if the parent of the shell changes from 30 to 1. */
  function endsWith(environment: Record<string, string>): number {
    const onEnd = vi.fn<() => void>()
    let parents = '40 30'
    watchParent(environment, onEnd, () => parents)
    vi.advanceTimersByTime(10_000)
    expect(onEnd).not.toHaveBeenCalled()
    parents = '40 1'
    vi.advanceTimersByTime(10_000)
    return onEnd.mock.calls.length
  }

  it('reports the end of each package manager once', () => {
    expect(endsWith({ npm_lifecycle_event: 'start' })).toBe(1)
    expect(endsWith({ npm_lifecycle_event: 'npx' })).toBe(1)
    expect(endsWith({ npm_config_user_agent: 'pnpm/9.0.0 npm/? node/v20' })).toBe(1)
  })

  it('does not watch other parents', () => {
    expect(endsWith({})).toBe(0)
    expect(endsWith({ npm_package_name: 'x' })).toBe(0)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('names the script', () => {
    expect(scriptOf({ npm_lifecycle_event: 'npx' })).toBe('npx')
    expect(scriptOf({ npm_lifecycle_event: 'start' })).toBe('npm run start')
    const agent = 'yarn/1.22.22 npm/? node/v20'
    expect(scriptOf({ npm_lifecycle_event: 'dev', npm_config_user_agent: agent })).toBe(
      'yarn run dev',
    )
    expect(scriptOf({ npm_config_user_agent: 'pnpm/9.0.0' })).toBe('pnpm')
  })
})
