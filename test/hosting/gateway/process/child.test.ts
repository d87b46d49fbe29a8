// One process: its socket, its output, its stack, and its end. The programs are Node's, since a child knows no Python.

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { Child } from '../../../../src/hosting/gateway/process/child.ts'

/** Keeps the reports of a child. */
class Owner {
  readonly texts: string[] = []
  readonly errors: Error[] = []
  readonly ended: Promise<string>
  onExit!: (end: string) => void

  constructor() {
    this.ended = new Promise((resolve) => (this.onExit = resolve))
  }

  onText(level: 'info' | 'warn', text: string): void {
    this.texts.push(`${level}: ${text}`)
  }

  onSpawnError(error: Error): void {
    this.errors.push(error)
  }
}

const children: Child[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill()
})

/** Starts Node with a program. */
function started(program: string): { child: Child; owner: Owner } {
  return startedAs(process.execPath, '-e', program)
}

function startedAs(...command: [string, ...string[]]): { child: Child; owner: Owner } {
  const owner = new Owner()
  const child = new Child({ command, cwd: process.cwd(), env: process.env }, owner)
  children.push(child)
  return { child, owner }
}

const ECHO = "const { Socket } = require('node:net'); const s = new Socket({ fd: 3 }); s.pipe(s)"

describe('a process of a pool', () => {
  it('has a socket in both directions as descriptor 3', async () => {
    const { child } = started(ECHO)
    child.socket.write('ping')
    const [bytes] = (await once(child.socket, 'data')) as [Buffer]
    expect(bytes.toString()).toBe('ping')
  })

  it('has its output in the log: stdout as info, stderr as warn', async () => {
    const { owner } = started("console.log('hello'); console.error('oh')")
    await owner.ended
    expect(owner.texts.toSorted()).toEqual(['info: hello', 'warn: oh'])
  })

  it('reads nothing from the terminal', async () => {
    const { owner } = started("process.stdin.on('data', () => {}).on('end', () => process.exit(7))")
    expect(await owner.ended).toBe('its status was 7')
  })

  it('reports its end after its last bytes', async () => {
    const { child, owner } = started(
      "require('node:fs').writeSync(3, 'x'.repeat(100_000)); process.kill(process.pid, 'SIGABRT')",
    )
    let bytes = 0
    child.socket.on('data', (data: Buffer) => (bytes += data.length))
    expect(await owner.ended).toBe('it was ended by SIGABRT')
    expect(bytes).toBe(100_000)
  })

  it('ends with the processes that it has started', async () => {
    const { child, owner } = started(`
      const { spawn } = require('node:child_process')
      const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
      console.log(other.pid)
      setInterval(() => {}, 1000)`)
    await expect.poll(() => owner.texts.length, { timeout: 30_000 }).toBe(1)
    const pid = Number(owner.texts[0]?.replace('info: ', ''))
    child.kill()
    await owner.ended
    await expect.poll(() => isThere(pid), { timeout: 30_000 }).toBe(false)
  })

  it('tells its stack, which comes in several pieces', async () => {
    const { child, owner } = started(`
      const { writeSync } = require('node:fs')
      process.on('SIGUSR2', () => {
        writeSync(4, 'File "shop.py", ')
        setImmediate(() => writeSync(4, 'line 3'))
      })
      setInterval(() => {}, 1000)
      console.log('ready')`)
    await expect.poll(() => owner.texts, { timeout: 30_000 }).toEqual(['info: ready'])
    expect(await child.sampleStack()).toBe('File "shop.py", line 3')
  })

  it('has no stack if it writes none', async () => {
    const { child, owner } = started(
      "process.on('SIGUSR2', () => {}); setInterval(() => {}, 1000); console.log('ready')",
    )
    await expect.poll(() => owner.texts, { timeout: 30_000 }).toEqual(['info: ready'])
    expect(await child.sampleStack()).toBeUndefined()
  })

  it('reports that it cannot be started', async () => {
    const { child, owner } = startedAs('/nowhere/python3')
    expect(await owner.ended).toBe('it was not started')
    expect(child.pid).toBeUndefined()
    expect(owner.errors.map(String)).toEqual([expect.stringContaining('ENOENT')])
    child.kill()
  })
})

/** Whether a process runs. One that has ended may stay as a zombie, if nothing waits for it. */
function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return process.platform !== 'linux' || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
