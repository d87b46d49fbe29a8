// The file of a unix socket, and servers that follow one another on it.

import { once } from 'node:events'
import { spawn } from 'node:child_process'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  watch,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { answer, httpApp, served, soon } from './served.ts'
import type { Served } from './served.ts'

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
const hello = httpApp((_scope, _receive, send) => answer(send, 'hello'))

let folder = ''
let uds = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-uds-'))
  uds = join(folder, 'a.sock')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function ask(server: Served): Promise<string> {
  using client = await server.connect()
  client.send(GET)
  return (await client.response()).body
}

/** Leaves the file of a socket whose process is dead. */
async function leaveStale(path: string): Promise<void> {
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  await once(spawn(process.execPath, ['-e', script]), 'exit', {
    signal: AbortSignal.timeout(30_000),
  })
}

describe('the file of a unix socket', () => {
  it('is the only file that the server makes, and goes with the server', async () => {
    const server = await served(hello, { uds })
    expect(await ask(server)).toBe('hello')
    expect(readdirSync(folder)).toEqual(['a.sock'])
    expect(server.server.address).toEqual({ path: uds })
    await server.server.close()
    expect(readdirSync(folder)).toEqual([])
  })

  it.skipIf(process.getuid?.() !== 0)(
    'has the owner of the option, by name or number',
    async () => {
      for (const udsOwner of ['nobody', 'nobody:0', '65534:65534', ':0']) {
        await using server = await served(hello, { uds, udsOwner })
        expect(await ask(server)).toBe('hello')
        expect(lstatSync(uds).uid).toBe(udsOwner === ':0' ? 0 : 65_534)
      }
    },
  )

  it('goes if the owner is unknown, and the error names the owner', async () => {
    const listening = served(hello, { uds, udsOwner: 'no-such-user' })
    await expect(listening).rejects.toThrow(
      /^cannot give the unix socket to "no-such-user": chown: /,
    )
    expect(readdirSync(folder)).toEqual([])
  })

  it('has the mode of the option from its first moment, under any umask', async () => {
    const before = process.umask(0)
    try {
      const modes = new Set<string>()
      const watcher = watch(folder, () => {
        const found = lstatSync(uds, { throwIfNoEntry: false })
        if (found) modes.add((found.mode & 0o777).toString(8))
      })
      await using server = await served(hello, { uds, udsMode: 0o600 })
      expect(await ask(server)).toBe('hello')
      watcher.close()
      expect((lstatSync(uds).mode & 0o777).toString(8)).toBe('600')
      expect([...modes].every((mode) => mode === '600')).toBe(true)
      expect(readdirSync(folder)).toEqual(['a.sock'])
    } finally {
      process.umask(before)
    }
  })

  it('has the mode of the umask without the option', async () => {
    const before = process.umask(0o027)
    try {
      await using server = await served(hello, { uds })
      expect((lstatSync(uds).mode & 0o777).toString(8)).toBe('750')
      expect(await ask(server)).toBe('hello')
    } finally {
      process.umask(before)
    }
  })

  it('stays if it is that of a successor', async () => {
    const before = await served(hello, { uds })
    rmSync(uds)
    await using after = await served(hello, { uds })
    await before.server.close()
    expect(await ask(after)).toBe('hello')
  })

  it('stays if a successor takes it during the drain', async () => {
    const before = await served(hello, { uds, drainIdleMs: 200, graceMs: 5_000 })
    using idle = await before.connect()
    const closed = before.server.close()
    await using after = await served(hello, { uds })
    await soon(closed, 'close()')
    expect(idle.open).toBe(false)
    expect(await ask(after)).toBe('hello')
  })

  it('of a dead process is taken over', async () => {
    await leaveStale(uds)
    expect(lstatSync(uds).isSocket()).toBe(true)
    await using server = await served(hello, { uds })
    expect(await ask(server)).toBe('hello')
  })

  it('of a process that listens is EADDRINUSE, and goes on', async () => {
    await using first = await served(hello, { uds })
    const error = { code: 'EADDRINUSE', syscall: 'listen', address: uds }
    await expect(served(hello, { uds })).rejects.toMatchObject(error)
    expect(await ask(first)).toBe('hello')
    expect(readdirSync(folder)).toEqual(['a.sock'])
  })

  it('goes to one of two servers that start at once', async () => {
    const started = await Promise.allSettled([served(hello, { uds }), served(hello, { uds })])
    const servers = started.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []))
    expect(servers).toHaveLength(1)
    for (const server of servers) {
      expect(await ask(server)).toBe('hello')
      await server.server.close()
    }
  })

  it('never replaces a file of another kind', async () => {
    writeFileSync(uds, 'precious')
    const directory = join(folder, 'directory')
    mkdirSync(directory)
    const link = join(folder, 'link')
    symlinkSync(uds, link)
    for (const path of [uds, directory, link]) {
      await expect(served(hello, { uds: path })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    }
    expect(readFileSync(link, 'utf8')).toBe('precious')
    expect(lstatSync(directory).isDirectory()).toBe(true)
  })

  it('names its path, if its folder is not there', async () => {
    const path = join(folder, 'missing', 'a.sock')
    await expect(served(hello, { uds: path })).rejects.toMatchObject({
      code: 'EACCES',
      address: path,
    })
  })

  it.runIf(process.platform === 'linux')('has a path of at most 107 bytes', async () => {
    const longest = join(folder, 'x'.repeat(107 - folder.length - 1))
    await using server = await served(hello, { uds: longest })
    expect(existsSync(longest)).toBe(true)
    expect(await ask(server)).toBe('hello')
    const tooLong = [`${longest}x`, join(folder, 'ü'.repeat(50)), `/${'y'.repeat(105)}/z`]
    for (const path of tooLong) {
      await expect(served(hello, { uds: path })).rejects.toThrow(/allows 107 bytes, .*shorter/)
    }
    expect(readdirSync(folder)).toHaveLength(1)
  })
})

describe('the option uds', () => {
  it('refuses values that are no path', async () => {
    for (const value of ['', 'a\0b', 7]) {
      await expect(served(hello, { uds: value as string })).rejects.toMatchObject({
        code: 'ISTHMUS_INVALID_OPTION',
      })
    }
  })
})
