// isthmus serve with apps of every kind, over a real socket.

import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Command, get } from './command.ts'

const HELLO = 'test/fixtures/cli/hello.js'
const PORT = ['--port', '0', '--no-access-log']

function served(...words: string[]): Command {
  return new Command(['serve', ...words, ...PORT])
}

describe('isthmus serve', { timeout: 30_000 }, () => {
  it('serves the default export of a JavaScript file, and says so in one line', async () => {
    using command = served(HELLO)
    const url = await command.url()
    expect(await get(`${url}/x`)).toBe('hello |/x|')
    command.signal('SIGTERM')
    const { status, stdout } = await command.ended()
    expect([status, stdout]).toEqual([0, `isthmus listening on ${url}\n`])
  })

  it('serves TypeScript, sync apps in threads', async () => {
    using command = served('test/fixtures/cli/typed.ts', '--threads', '1')
    expect(await get(await command.url())).toBe('in a thread')
  })

  it('runs sync apps on the loop with --threads 0, and names the one that holds it', async () => {
    using command = served('test/fixtures/cli/slow.js', '--threads', '0', '--log-format', 'json')
    const url = await command.url()
    expect(await get(`${url}/?80`)).toBe('on the loop')
    command.signal('SIGTERM')
    const { stderr } = await command.ended()
    const line = stderr.split('\n').find((text) => text.includes('held the event loop')) ?? '{}'
    expect(JSON.parse(line)).toMatchObject({ level: 40, mount: '/', path: '/' })
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

  it('[3a.20] takes options from the line, and from the environment behind it', async () => {
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

  it('logs a line for each request, unless told not to', async () => {
    using command = new Command(['serve', HELLO, '--port', '0', '--log-format', 'json'])
    await get(`${await command.url()}/seen`)
    command.signal('SIGTERM')
    const { stderr } = await command.ended()
    const line = stderr.split('\n').find((text) => text.includes('/seen')) ?? '{}'
    expect(JSON.parse(line)).toMatchObject({ method: 'GET', path: '/seen', status: 200 })
  })
})
