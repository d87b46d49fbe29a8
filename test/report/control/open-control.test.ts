// The control socket itself: its file, and HTTP over it.

import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openControl } from '../../../src/report/control/open-control.ts'
import { RawClient } from '../../raw/raw-client.ts'
import { EXAMPLE_REPORT } from '../example-report.ts'
import { exampleServer } from './example-server.ts'
import type { Server } from '../../../src/server/serve.ts'

let folder = ''
let path = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-control-'))
  path = join(folder, 'c.sock')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function opened(): Promise<Server> {
  return openControl(path, exampleServer())
}

async function ask(server: Server, request: string): Promise<{ status: number; body: string }> {
  using client = await RawClient.connect(server.address)
  client.send(request)
  return await client.response()
}

describe('the control socket', () => {
  it('is for its owner alone, under any umask, and goes with the server', async () => {
    const before = process.umask(0)
    try {
      await using server = await opened()
      expect(statSync(path).mode & 0o777).toBe(0o600)
      expect(server.url).toBe(`unix:${path}`)
    } finally {
      process.umask(before)
    }
    expect(readdirSync(folder)).toEqual([])
  })

  it('speaks HTTP', async () => {
    await using server = await opened()
    const { status, body } = await ask(server, 'GET /report HTTP/1.1\r\nHost: x\r\n\r\n')
    expect([status, JSON.parse(body)]).toEqual([200, EXAMPLE_REPORT])
    const changes = '{"share":0.75}'
    const head = `PATCH /migrations?path=/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n`
    const changed = await ask(server, `${head}Content-Length: ${changes.length}\r\n\r\n${changes}`)
    expect([changed.status, JSON.parse(changed.body)]).toMatchObject([200, { share: 0.75 }])
  })

  it('takes no more than 64 KiB of changes', async () => {
    await using server = await opened()
    const head = `PATCH /migrations?path=/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n`
    expect((await ask(server, `${head}Content-Length: 65537\r\n\r\n`)).status).toBe(413)
  })

  it('is EADDRINUSE while another server listens there', async () => {
    await using first = await opened()
    await expect(opened()).rejects.toMatchObject({ code: 'EADDRINUSE', address: path })
    expect((await ask(first, 'GET /report HTTP/1.1\r\nHost: x\r\n\r\n')).status).toBe(200)
  })
})
