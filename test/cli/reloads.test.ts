// SIGHUP: the reloads, their order, and their lines in the log.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { poolReloads } from '../../src/cli/reloads.ts'
import { deferred } from '../../src/waiting/deferred.ts'
import { hasPython } from '../hosting/python-there.ts'
import { Command, get, linesWith } from './command.ts'
import type { Log } from 'isthmus'
import type { Reloaded } from '../../src/hosting/gateway/open-pools.ts'
import type { Deferred } from '../../src/waiting/deferred.ts'

const DONE: Reloaded = { pools: 2, errors: [] }

function recorder(): { log: Log; lines: string[] } {
  const lines: string[] = []
  const at = (level: string) => (_fields: object, message: string) =>
    void lines.push(`${level}: ${message}`)
  return {
    log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    lines,
  }
}

/** Reloads that the test ends itself. */
function stepwise(): { reloads: ReturnType<typeof poolReloads>; steps: Array<Deferred<Reloaded>> } {
  const steps: Array<Deferred<Reloaded>> = []
  const reloads = poolReloads(() => {
    const step = deferred<Reloaded>()
    steps.push(step)
    return step.promise
  })
  return { reloads, steps }
}

describe('reloads', () => {
  it('begin with the signal, and the log has both ends', async () => {
    const { log, lines } = recorder()
    const reloads = poolReloads(async () => DONE)
    reloads.started(log)
    expect(lines).toEqual([])
    void reloads.order(log)
    await vi.waitFor(
      () => expect(lines).toEqual(['info: SIGHUP: reloading', 'info: reloaded']),
      30_000,
    )
  })

  it('have the outcome of the reload that began after the order', async () => {
    const { log, lines } = recorder()
    const { reloads, steps } = stepwise()
    reloads.started(log)
    const first = reloads.order(log, 'the control socket')
    const second = reloads.order(log, 'the control socket')
    steps[0]?.resolve(DONE)
    expect(await first).toEqual({ workers: 0, pools: 2, errors: [] })
    await vi.waitFor(() => expect(steps).toHaveLength(2), 30_000)
    steps[1]?.resolve({ pools: 0, errors: [new Error('app.js does not parse')] })
    expect(await second).toEqual({ workers: 0, pools: 0, errors: ['app.js does not parse'] })
    expect(lines[0]).toBe('info: the control socket: reloading')
    const third = reloads.order(log)
    const fourth = reloads.order(log)
    reloads.end()
    const over = { workers: 0, pools: 0, errors: ['the server drains'] }
    expect(await fourth).toEqual(over)
    expect(await reloads.order(log)).toEqual(over)
    steps[2]?.reject(new Error('no memory'))
    expect((await third).errors).toEqual(['no memory'])
  })

  it('come one after the other; many signals during one make one more', async () => {
    const { log, lines } = recorder()
    const { reloads, steps } = stepwise()
    reloads.started(log)
    for (let signal = 0; signal < 4; signal += 1) void reloads.order(log)
    expect(steps).toHaveLength(1)
    steps[0]?.resolve(DONE)
    await vi.waitFor(() => expect(steps).toHaveLength(2), 30_000)
    steps[1]?.resolve(DONE)
    await vi.waitFor(() =>
      expect(lines.filter((line) => line === 'info: reloaded')).toHaveLength(2),
    )
    void reloads.order(log)
    expect(steps).toHaveLength(3)
  })

  it('wait for the start', async () => {
    const { log, lines } = recorder()
    const { reloads, steps } = stepwise()
    void reloads.order(log)
    expect([steps.length, lines]).toEqual([
      0,
      ['info: SIGHUP: the apps load; another reload follows'],
    ])
    reloads.started(log)
    expect(steps).toHaveLength(1)
  })

  it('neither begin nor are reported once the server drains', async () => {
    const { log, lines } = recorder()
    const { reloads, steps } = stepwise()
    reloads.started(log)
    void reloads.order(log)
    reloads.end()
    void reloads.order(log)
    steps[0]?.resolve({ pools: 0, errors: [new Error('closed')] })
    await delay(20)
    expect([steps.length, lines]).toEqual([1, ['info: SIGHUP: reloading']])
  })

  it.each<[Reloaded, string[]]>([
    [{ pools: 0, errors: [new Error('x')] }, ['error: new threads or processes could not load']],
    [
      { pools: 1, errors: [new Error('x')] },
      ['error: new threads or processes could not load', 'info: the other apps are reloaded'],
    ],
    [{ pools: 0, errors: [] }, ['warn: nothing to reload']],
  ])('name the apps that were not reloaded: %o', async (reloaded, says) => {
    const { log, lines } = recorder()
    const reloads = poolReloads(async () => reloaded)
    reloads.started(log)
    void reloads.order(log)
    await vi.waitFor(() => expect(lines).toHaveLength(1 + says.length), 30_000)
    expect(lines.slice(1).map((line, at) => line.startsWith(says[at] ?? ''))).toEqual(
      says.map(() => true),
    )
  })
})

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'isthmus-hangup-'))
  onTestFinished(() => rmSync(made, { recursive: true }))
  return made
}

const threaded = (text: string): string => `import { existsSync } from 'node:fs'
export default (environ, start) => {
  start('200 OK', [['Content-Type', 'text/plain']])
  return [existsSync('/') ? '${text}' : '']
}
`

describe('SIGHUP', { timeout: 180_000 }, () => {
  it('loads a changed app into new threads; a broken one changes nothing', async () => {
    const file = join(folder(), 'app.mjs')
    writeFileSync(file, threaded('one'))
    const words = ['serve', `sync:${file}`, '--port', '0', '--threads', '1', '--no-access-log']
    using command = new Command(words)
    const url = await command.url()
    expect(await get(url)).toBe('one')

    writeFileSync(file, threaded('two'))
    command.signal('SIGHUP')
    await command.logs('"reloaded"')
    expect(await get(url)).toBe('two')

    writeFileSync(file, 'throw new Error("ruined")\n')
    command.signal('SIGHUP')
    const logged = await command.logs('the old ones stay')
    expect(linesWith('the old ones stay', logged)).toMatchObject([{ err: { message: 'ruined' } }])
    expect(await get(url)).toBe('two')

    command.signal('SIGTERM')
    const { status, stderr } = await command.ended()
    expect([status, linesWith('reloading', stderr).length]).toEqual([0, 2])
  })

  it.skipIf(!hasPython)('loads a changed app of Python; needs Python 3.9', async () => {
    const cwd = folder()
    const write = (text: string): void => {
      const lines = [
        'async def app(scope, receive, send):',
        "    if scope['type'] != 'http':",
        '        raise NotImplementedError',
        "    await send({'type': 'http.response.start', 'status': 200, 'headers': []})",
        `    await send({'type': 'http.response.body', 'body': b'${text}'})`,
      ]
      writeFileSync(join(cwd, 'shop.py'), `${lines.join('\n')}\n`)
    }
    write('one')
    const words = ['serve', 'python:shop', '--port', '0', '--python-cwd', cwd]
    const python = ['--python', 'python3', '--python-processes', '1']
    using command = new Command([...words, ...python], { PYTHONDONTWRITEBYTECODE: '1' })
    const url = await command.url()
    expect(await get(url)).toBe('one')
    write('two')
    command.signal('SIGHUP')
    await command.logs('"reloaded"')
    expect(await get(url)).toBe('two')
    command.signal('SIGTERM')
    expect((await command.ended()).status).toBe(0)
  })

  it('warns if there is nothing to reload', async () => {
    using command = new Command(['serve', 'test/fixtures/cli/echo.ts', '--port', '0'])
    await command.url()
    command.signal('SIGHUP')
    await command.logs('nothing to reload')
    command.signal('SIGTERM')
    expect((await command.ended()).status).toBe(0)
  })

  it.skipIf(!hasPython)('drains if the terminal was closed; needs Python 3.9', async () => {
    const closing = `import os, pty, signal, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
text = b''
while b'listening on' not in text:
    text += os.read(terminal, 4096)
os.close(terminal)
_, status = os.waitpid(pid, 0)
print(os.WTERMSIG(status) == signal.SIGHUP)
`
    const node = [process.execPath, 'dist/cli/main.js']
    // A server that closes removes its socket.
    const socket = join(folder(), 'app.sock')
    const words = [...node, 'serve', 'test/fixtures/cli/echo.ts', '--uds', socket]
    const shell = spawn('python3', ['-c', closing, ...words], { timeout: 120_000 })
    let said = ''
    shell.stdout.on('data', (chunk) => (said += String(chunk)))
    await once(shell, 'close', { signal: AbortSignal.timeout(120_000) })
    expect([said, existsSync(socket)]).toEqual(['True\n', false])
  })
})
