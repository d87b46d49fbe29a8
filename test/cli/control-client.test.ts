// The client of the control socket: the answers, and one line for each failure.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { askControl } from '../../src/cli/control-client.ts'
import { readReport } from '../../src/cli/read-report.ts'
import { openControl } from '../../src/report/control/open-control.ts'
import { EXAMPLE_REPORT } from '../report/example-report.ts'
import { exampleServer } from '../report/control/example-server.ts'
import type { Report } from '../../src/contract/report.ts'
import type { Server } from '../../src/server/serve.ts'

let folder = ''
let path = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-client-'))
  path = join(folder, 'c.sock')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function opened(report: Report = EXAMPLE_REPORT): Promise<Server> {
  return openControl(
    path,
    exampleServer({}, () => report),
  )
}

/** The message for a program that answers each connection with `text`. */
async function failureWith(text: string): Promise<unknown> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.resume().end(text)
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  try {
    return await failure()
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
}

function failure(at: string | null = path): Promise<unknown> {
  return readReport(at).then(
    () => 'it answered',
    (error: unknown) => (error as Error).message,
  )
}

describe('the client of the control socket', () => {
  it('reads the report, and sends changes', async () => {
    await using _server = await opened()
    expect(await readReport(path)).toEqual(EXAMPLE_REPORT)
    const target = '/migrations?path=/orders'
    const changed = await askControl(path, { method: 'PATCH', target, body: { share: 0.5 } })
    expect(changed).toMatchObject({ path: '/orders', share: 0.5 })
  })

  it('fails with the reason of the server', async () => {
    await using _server = await opened()
    const wrong = { method: 'PATCH', target: '/migrations?path=/x', body: { share: 0.5 } } as const
    await expect(askControl(path, wrong)).rejects.toThrow(
      'there is no migration at /x; the migrations are at /orders',
    )
  })

  it('fails without a path, and says where it comes from', async () => {
    expect(await failure(null)).toBe(
      'no control socket is named: give the --control PATH of the server, or set ISTHMUS_CONTROL',
    )
  })

  it('fails if there is no socket, or no server', async () => {
    expect(await failure()).toBe(`there is no ${path}; start the server with --control ${path}`)
    writeFileSync(path, 'a file')
    expect(await failure()).toMatch(
      /^no server listens on |is no socket; give the path of --control$/,
    )
  })

  it('fails at another program, and at an isthmus of another release', async () => {
    const noControl = `${path} is no control socket of isthmus; give the path of --control, and not that of --uds`
    expect(await failureWith('220 mail.example.org ESMTP\r\n')).toBe(noControl)
    expect(await failureWith('')).toBe(noControl)
    const html = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<b/>'
    expect(await failureWith(html)).toBe(noControl)
    expect(await failureWith('HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}')).toBe(
      noControl,
    )
    for (const json of ['null', '1234', '[12]', '{} ']) {
      const app = `HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n${json}`
      expect([json, await failureWith(app)]).toEqual([json, noControl])
    }

    await using _server = await opened({ ...EXAMPLE_REPORT, version: 2 as 1 })
    expect(await failure()).toBe(
      `the server at ${path} is an isthmus of another release; use its own command`,
    )
  })
})
