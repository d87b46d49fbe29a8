// The units of systemd and the container of docs/production.md: checked by systemd itself, and run under the init of the container.

import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { firstLine, startChild } from '../proxies/child.ts'
import { missing, toolEnv } from '../proxies/tools.ts'
import { recipeOf } from './recipe.ts'

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const DEADLINE_MS = 60_000

describe('the units of systemd', () => {
  it('are accepted by systemd', { timeout: DEADLINE_MS }, async ({ skip }) => {
    const reason = missing('systemd-analyze')
    skip(reason !== null, reason ?? undefined)
    const folder = await mkdtemp(join(tmpdir(), 'recipe-units-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    // systemd looks for the program of a unit.
    const service = recipeOf('production', 'ini', 'service').replaceAll(
      '/srv/shop/node_modules/.bin/isthmus',
      process.execPath,
    )
    await writeFile(join(folder, 'shop.service'), service)
    await writeFile(join(folder, 'shop.socket'), recipeOf('production', 'ini', 'socket'))
    const units = ['shop.service', 'shop.socket'].map((name) => join(folder, name))
    const words = ['verify', '--man=no', '--recursive-errors=no', ...units]
    const options = { env: toolEnv(), timeout: DEADLINE_MS, encoding: 'utf8' } as const
    const { status, stderr } = spawnSync('systemd-analyze', words, options)
    expect(stderr.split('\n').filter((line) => line.includes(folder))).toEqual([])
    expect(status).toBe(0)
  })
})

describe('the container', () => {
  const lines = recipeOf('production', 'dockerfile', 'container').trim().split('\n')
  const valueOf = (name: string): string =>
    lines.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1) ?? ''

  it('has instructions that Docker knows, and signals that reach the server', () => {
    const known = /^(?:FROM|RUN|WORKDIR|COPY|USER|EXPOSE|STOPSIGNAL|ENTRYPOINT|CMD) \S/
    expect(lines.filter((line) => !known.test(line))).toEqual([])
    expect(valueOf('STOPSIGNAL')).toBe('SIGTERM')
    // A form with brackets starts no shell.
    expect(JSON.parse(valueOf('ENTRYPOINT'))).toEqual(['tini', '--'])
    expect(JSON.parse(valueOf('CMD'))).toContain('0.0.0.0')
  })

  it('ends by SIGTERM to its process 1', { timeout: DEADLINE_MS }, async ({ skip }) => {
    const reason = missing('tini') ?? missing('unshare')
    skip(reason !== null, reason ?? undefined)
    const folder = await mkdtemp(join(tmpdir(), 'recipe-container-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const app = join(folder, 'app.js')
    await writeFile(app, 'module.exports = (environ, start) => (start("200 OK", []), ["hello"])')
    const init = JSON.parse(valueOf('ENTRYPOINT')) as string[]
    const [, ...command] = JSON.parse(valueOf('CMD')) as string[]
    const words = command.map(
      (word) => ({ 'app.js': app, '0.0.0.0': '127.0.0.1', 8000: '0' })[word] ?? word,
    )
    // --kill-child: a test that fails leaves no process.
    const isolated = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc', ...init]
    const child = startChild([...isolated, process.execPath, MAIN, ...words], { env: toolEnv() })
    onTestFinished(() => child.stop('SIGKILL'))
    const line = await firstLine(child, DEADLINE_MS)
    const url = line.replace('isthmus listening on ', '')
    expect(await (await fetch(url)).text()).toBe('hello')

    const ended = new Promise((resolve) => child.process.once('exit', resolve))
    // Process 1 of the namespace is the only child of unshare.
    const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(child.process.pid)], {
      encoding: 'utf8',
    })
    process.kill(Number(stdout.trim()), 'SIGTERM')
    expect(await ended).toBe(0)
  })
})
