// isthmus check: its table, and its exit status.

import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { run } from '../command.ts'
import type { AddressInfo } from 'node:net'

const HELLO = 'test/fixtures/cli/hello.js'

describe('isthmus check', { timeout: 120_000 }, () => {
  it('prints the place, and each mount with its style and its hosting', async () => {
    const words = ['check', HELLO, '--no-config', '--port=0', '--threads=3', '--json']
    const remote = ['--mount', '/old=remote:http://127.0.0.1:3000']
    const { status, stdout, stderr } = await run([...words, ...remote])
    expect([status, stderr]).toEqual([0, ''])
    const result = JSON.parse(stdout) as { mounts: unknown[] }
    expect(result).toMatchObject({ config: null, url: 'http://127.0.0.1:0', workers: 1 })
    expect(result.mounts).toContainEqual({
      path: '/old',
      app: 'remote:http://127.0.0.1:3000',
      style: 'events',
      hosting: 'elsewhere',
    })
    expect(result.mounts[0]).toMatchObject({ path: '/', app: HELLO })
  })

  it('starts the apps and asks for the paths of --request, and ends with 1 if one fails', async () => {
    const words = ['check', '--no-config', '--port=0', '--threads=1', '--json']
    const { status, stdout } = await run([...words, HELLO, '--request=/x', '--request=/y?z=1'])
    expect([status, JSON.parse(stdout)]).toEqual([
      0,
      expect.objectContaining({
        requests: ['/x', '/y?z=1'].map((path) => ({
          path,
          mount: '/',
          status: 200,
          ms: expect.any(Number) as number,
          errors: [],
        })),
      }),
    ])
    const broken = await run([...words, 'test/fixtures/cli/breaks-rules.js', '--request=/'])
    const [request] = (JSON.parse(broken.stdout) as { requests: Array<{ errors: string[] }> })
      .requests
    expect([broken.status, request?.errors.join()]).toEqual([1, expect.stringContaining('broke')])
  })

  it('checks each app of a table by its own style, in threads too, and names the mount of a fault', async () => {
    const words = ['check', 'test/fixtures/cli/breaks-rules-table.js', '--no-config', '--port=0']
    const asked = ['--threads=1', '--request=/fine', '--request=/legacy/x']
    const { status, stdout } = await run([...words, ...asked])
    expect(status).toBe(1)
    expect(stdout).toMatch(/^GET \/fine 200 in \d+ ms, by the app at \/fine$/m)
    expect(stdout).toMatch(
      /^GET \/legacy\/x 500 in \d+ ms, by the app at \/legacy\n.*app broke PEP 3333 .*: a 204 with Content-Length/m,
    )
  })

  it('ends with 1 for an app that throws and for a place that is taken, and with 2 for a wrong option', async () => {
    const thrown = await run(['check', 'test/fixtures/cli/throws.js', '--port=0'])
    expect([thrown.status, thrown.stderr]).toEqual([1, expect.stringContaining('cannot load')])
    const holder = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => holder.once('listening', resolve))
    const { port } = holder.address() as AddressInfo
    const taken = await run(['check', HELLO, `--port=${port}`])
    holder.close()
    expect([taken.status, taken.stderr]).toEqual([1, expect.stringContaining('is in use')])
    const wrong = await run(['check', HELLO, '--prot=1'])
    expect([wrong.status, wrong.stderr]).toEqual([
      2,
      expect.stringContaining('did you mean --port'),
    ])
  })
})
