// The check before a release, on the manifests of two packages.

import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const SCRIPT = fileURLToPath(new URL('../../scripts/publish-check.ts', import.meta.url))
const TSX = import.meta.resolve('tsx')
const TIMEOUT_MS = 30_000
const run = promisify(execFile)

let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'isthmus-publish-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('the check before a release', { timeout: TIMEOUT_MS }, () => {
  it('refuses a package without a repository, because its README would have dead links', async () => {
    const checked = check({ name: 'a' })
    await expect(checked).rejects.toThrow('package.json has no "repository"')
  })

  it('accepts a package with a repository', async () => {
    expect(await check({ name: 'a', repository: 'github:a/a' })).toBe('')
  })
})

async function check(manifest: object): Promise<string> {
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest))
  const options = { cwd: folder, timeout: TIMEOUT_MS }
  const { stdout } = await run(process.execPath, ['--import', TSX, SCRIPT], options)
  return stdout
}
