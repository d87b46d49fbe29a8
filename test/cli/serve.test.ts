// isthmus serve with apps of every kind, over a real socket.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { freePort } from '../raw/free-port.ts'
import { Command, get, linesWith } from './command.ts'

const HELLO = 'test/fixtures/cli/hello.js'
const PORT = ['--port', '0', '--no-access-log']

function served(...words: string[]): Command {
  return new Command(['serve', ...words, ...PORT])
}

describe('isthmus serve', { timeout: 60_000 }, () => {
  it('serves the default export of a JavaScript file, and prints the ready line', async () => {
    using command = served(HELLO)
    const url = await command.url()
    expect(await get(`${url}/x`)).toBe('hello |/x|')
    command.signal('SIGTERM')
    const { status, stdout } = await command.ended()
    expect([status, stdout]).toEqual([0, `isthmus listening on ${url}\n`])
  })

  it('serves TypeScript, and drains it too', async () => {
    using command = served('test/fixtures/cli/typed.ts', '--threads', '0')
    expect(await get(await command.url())).toBe('on the loop')
    command.signal('SIGTERM')
    expect((await command.ended()).status).toBe(0)
  })

  it('serves a named export, a brand, a mount table and mounts', async () => {
    using table = served(`${HELLO}#table`)
    const url = await table.url()
    expect(await get(`${url}/live`)).toBe('feed')
    expect(await get(`${url}/rest`)).toBe('hello |/rest|')

    using mounted = served(`sync:${HELLO}`, '--mount', `/feed=iterable:${HELLO}#feed`)
    const mountedUrl = await mounted.url()
    expect(await get(`${mountedUrl}/feed/x`)).toBe('feed')
    expect(await get(`${mountedUrl}/feeder`)).toBe('hello |/feeder|')
  })

  it('serves an Express app in threads beside an app on the loop', async () => {
    const where = 'test/fixtures/cli/where.js'
    const listens = 'threads:node:test/fixtures/cli/listens.cjs'
    const words = ['serve', `inline:${where}#classic`, '--mount', `/shop=${listens}`]
    const more = ['--mount', `/feed=threads:${where}#feed`, '--threads', '2', ...PORT]
    using command = new Command([...words, ...more], { GUARDED: '1' })
    const url = await command.url()
    expect(await get(`${url}/shop`)).toBe('listens')
    expect(await get(`${url}/feed`)).not.toBe('0')
    expect(await get(`${url}/`)).toBe('0')
  })

  it('warns of an app that listens on a port of its own', async () => {
    const port = await freePort()
    const env = { TEST_PORT: String(port) }
    const words = ['serve', 'node:test/fixtures/cli/listens.cjs', ...PORT]
    using command = new Command(words, env)
    expect(await get(await command.url())).toBe('listens')
    const [line, ...more] = linesWith(
      `listens on port ${port} itself`,
      await command.logs('itself'),
    )
    expect([line?.['level'], more]).toEqual([40, []])
  })

  it('[3a.20] takes options from the command line, and then from the environment', async () => {
    const env = { ISTHMUS_ROOT_PATH: '/env', ISTHMUS_ENVIRON: 'SITE=a=b' }
    using command = new Command(['serve', HELLO, ...PORT, '--root-path', '/line'], env)
    expect(await get(`${await command.url()}/x`)).toBe('hello /line|/x|a=b')
  })

  it('listens on a unix socket', async () => {
    const path = join(tmpdir(), `isthmus-cli-${process.pid}.sock`)
    using command = new Command(['serve', HELLO, '--uds', path, '--no-access-log'])
    expect(await command.url()).toBe(`unix:${path}`)
    const body = await new Promise<string>((resolve, reject) => {
      request({ socketPath: path, path: '/x' }, (response) => {
        response.setEncoding('utf8').once('data', resolve)
      })
        .on('error', reject)
        .end()
    })
    expect(body).toBe('hello |/x|')
  })

  it('loads files with odd names', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'isthmus-odd-'))
    try {
      const names = ['a b.mjs', '50%.mjs', 'c#.mjs', 'what?.mjs', 'größe.mjs', 'sync:d.mjs']
      const mounts = names.flatMap((name, at) => ['--mount', `/${at}=${join(folder, name)}`])
      for (const name of names) {
        const text = `export default async (environ, start) => (start('200 OK', []), ['${name}'])`
        await writeFile(join(folder, name), text)
      }
      using command = served(HELLO, ...mounts)
      const url = await command.url()
      const bodies = await Promise.all(names.map((_name, at) => get(`${url}/${at}`)))
      expect(bodies).toEqual(names)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

describe('a platform', { timeout: 60_000 }, () => {
  it('sets PORT, tells clients as a proxy, and has a limit for the threads', async () => {
    const words = ['serve', 'sync:test/fixtures/cli/slow.js', '--threads', '1', '--proxy-headers']
    using command = new Command([...words, '--threads-timeout', '0.3'], { PORT: '0' })
    const url = new URL(await command.url())
    expect(url.hostname).toBe('0.0.0.0')
    url.hostname = '127.0.0.1'
    url.search = '?5000'
    const signal = AbortSignal.timeout(30_000)
    const response = await fetch(url, { headers: { 'x-forwarded-for': '192.0.2.7' }, signal })
    expect(response.status).toBe(504)
    const [line] = linesWith('GET / 504', await command.logs('GET / 504'))
    expect(line?.['client']).toBe('192.0.2.7')
  })
})

describe('--threads', { timeout: 60_000 }, () => {
  it('hosts sync apps in threads, TypeScript and those inside a table too; no others', async () => {
    using typed = served('test/fixtures/cli/typed.ts', '--threads', '1')
    expect(await get(await typed.url())).toBe('in a thread')

    using table = served('test/fixtures/cli/where.js#table', '--threads', '1')
    const url = await table.url()
    expect(await get(url)).toMatch(/^[1-9]/)
    expect(await get(`${url}/feed`)).toBe('0')
    expect(await get(`${url}/live`)).toBe('0')
  })

  it('2 runs two requests side by side', async () => {
    using command = served('test/fixtures/cli/blocked.js', '--threads', '2')
    const url = await command.url()
    const bodies = Promise.all([get(url), get(url)])
    await command.says('blocked\nblocked\n')
    command.release()
    expect(await bodies).toEqual(['free again', 'free again'])
  })

  it('0 runs sync apps on the loop, and the log names an app that blocks it', async () => {
    const slow = ['test/fixtures/cli/slow.js', '--mount', '/slow=test/fixtures/cli/slow.js']
    using command = served(...slow, '--threads', '0', '--log-format', 'json')
    const url = await command.url()
    expect(await get(`${url}/slow/x?80`)).toBe('on the loop')
    command.signal('SIGTERM')
    const { stderr } = await command.ended()
    expect(linesWith('held the event loop', stderr)).toEqual([
      expect.objectContaining({ level: 40, mount: '/slow', path: '/slow/x' }),
    ])
  })

  it('0 also runs the threads() pools of an app on the loop', async () => {
    using pooled = served('test/fixtures/cli/pooled.ts')
    using inline = served('test/fixtures/cli/pooled.ts', '--threads', '0')
    expect(await get(await pooled.url())).toMatch(/^[1-9]/)
    expect(await get(await inline.url())).toBe('0')
  })
})

describe('the log of the command', { timeout: 60_000 }, () => {
  it('has a line for each request, as JSON if stderr is no terminal', async () => {
    using command = new Command(['serve', HELLO, '--port', '0'])
    await get(`${await command.url()}/seen?secret=1`)
    command.signal('SIGTERM')
    const { stderr } = await command.ended()
    expect(linesWith('/seen', stderr)).toEqual([
      expect.objectContaining({ level: 30, method: 'GET', path: '/seen', status: 200, bytes: 13 }),
    ])
    expect(stderr).not.toContain('secret')
  })

  it('has no such line with --no-access-log, and is empty at the level silent', async () => {
    using quiet = new Command(['serve', HELLO, '--port', '0', '--no-access-log'])
    using silent = new Command(['serve', HELLO, '--port', '0', '--log-level', 'silent'])
    for (const command of [quiet, silent]) {
      await get(`${await command.url()}/seen`)
      command.signal('SIGTERM')
    }
    expect(linesWith('/seen', (await quiet.ended()).stderr)).toEqual([])
    expect((await silent.ended()).stderr).toBe('')
  })

  it('has readable lines with --log-format pretty, without colours if stderr is no terminal', async () => {
    using command = new Command(['serve', HELLO, '--port', '0', '--log-format', 'pretty'])
    await get(`${await command.url()}/%1b[2J`)
    command.signal('SIGTERM')
    const { stderr } = await command.ended()
    expect(stderr).toMatch(/^\[[\d:.]+\] INFO: GET \/%1b\[2J 200 \{.*\}$/m)
    expect(stderr).toMatch(/^[ -~\n]*$/)
  })
})
