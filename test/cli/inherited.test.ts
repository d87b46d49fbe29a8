// Resources from a supervisor: a listening socket, and files for TLS.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:https'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Command, get, run } from './command.ts'
import { listening } from './listening-socket.ts'
import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'

const HELLO = 'test/fixtures/cli/hello.js'
const SERVE = ['dist/cli/main.js', 'serve', HELLO, '--threads', '0']
const DEADLINE_MS = 30_000

describe('--fd', { timeout: 60_000 }, () => {
  it('serves on an inherited listening socket', async () => {
    const { server, fd, port } = await listening()
    const child = spawn(process.execPath, [...SERVE, '--fd', '3', '--no-access-log'], {
      stdio: ['pipe', 'pipe', 'inherit', fd],
    })
    try {
      const signal = AbortSignal.timeout(DEADLINE_MS)
      const lines = createInterface(child.stdout as Readable)
      const [line] = (await once(lines, 'line', { signal })) as [string]
      server.close()
      expect(line).toBe(`isthmus listening on http://127.0.0.1:${port}`)
      expect(await get(`http://127.0.0.1:${port}/x`)).toBe('hello |/x|')
    } finally {
      child.kill('SIGKILL')
    }
  })

  it('fails in one line for a descriptor that was not inherited', async () => {
    const { status, stderr } = await run(['serve', HELLO, '--threads', '0', '--fd', '77'])
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/^isthmus: --fd 77 is no inherited listening socket.*\n$/),
    ])
  })
})

describe('--tls-cert and --tls-key', { timeout: 60_000 }, () => {
  const cert = ['--tls-cert', 'test/fixtures/tls/server.pem']
  const key = ['--tls-key', 'test/fixtures/tls/server.key']

  it('serve HTTPS', async () => {
    using command = new Command(['serve', HELLO, '--port', '0', '--threads', '0', ...cert, ...key])
    const url = await command.url()
    expect(url).toMatch(/^https:/)
    const ca = readFileSync('test/fixtures/tls/ca.pem')
    const asked = request(`${url}/x`, { ca, agent: false }).end()
    const signal = AbortSignal.timeout(DEADLINE_MS)
    const [message] = (await once(asked, 'response', { signal })) as [IncomingMessage]
    expect(await text(message)).toBe('hello |/x|')
  })

  it.each([
    ['the key is missing', cert, '--tls-cert needs --tls-key as well'],
    ['the certificate is missing', key, '--tls-key needs --tls-cert as well'],
    [
      'a key is missing',
      [...cert, ...key, ...cert],
      'each --tls-cert needs one --tls-key, got 2 and 1',
    ],
    [
      'the authorities are missing',
      [...cert, ...key, '--tls-client-certs=required'],
      'needs --tls-ca as well',
    ],
    [
      'there is no certificate',
      ['--tls-ca', 'ca.pem'],
      'certificates of clients need --tls-cert and',
    ],
    ['a file is missing', [...cert, '--tls-key', 'none.key'], '--tls-key cannot be read: ENOENT'],
    ['a file is a folder', [...key, '--tls-cert', 'test'], 'directory, read (test)'],
    [
      'the files are swapped',
      ['--tls-cert', key[1] ?? '', '--tls-key', cert[1] ?? ''],
      '--tls-cert test/fixtures/tls/server.key is a private key, and no certificate',
    ],
    [
      'the key is no PEM',
      [...cert, '--tls-key', 'package.json'],
      '--tls-key package.json is no private key in PEM',
    ],
    [
      'the key is that of another certificate',
      [...cert, '--tls-key', 'test/fixtures/tls/stranger.key'],
      '--tls-key test/fixtures/tls/stranger.key and --tls-cert test/fixtures/tls/server.pem do not belong',
    ],
  ])('fail in one line when %s', async (_what, words, sentence) => {
    const { status, stderr } = await run(['serve', HELLO, '--threads', '0', ...words])
    expect(status).toBe(2)
    expect(stderr).toMatch(/^isthmus: .*\n$/)
    expect(stderr).toContain(sentence)
  })
})
