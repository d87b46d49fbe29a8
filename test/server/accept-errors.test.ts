// A process that has no descriptor for a connection.

import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { reportAcceptErrors } from '../../src/server/accept-errors.ts'
import type { Server } from 'node:net'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

describe('connections without a descriptor', { timeout: 60_000 }, () => {
  it.runIf(process.platform === 'linux').each(['native', 'node'])(
    'leave a line in the log, with the remedy, on the %s engine',
    async (engine) => {
      const serve = 'src/cli/main.ts serve test/fixtures/cli/hello.js --port 0 --threads 0'
      const shell = `ulimit -n 128 && exec '${process.execPath}' --import tsx ${serve} --engine ${engine}`
      const child = spawn('sh', ['-c', shell], { cwd: ROOT })
      const sockets = []
      try {
        const signal = AbortSignal.timeout(30_000)
        const [ready] = await once(child.stdout, 'data', { signal })
        const port = Number(/:(\d+)\s*$/.exec(String(ready))?.[1])
        const logged = once(child.stderr, 'data', { signal })
        for (let count = 0; count < 128; count += 1) {
          sockets.push(connect(port, '127.0.0.1').on('error', () => undefined))
        }
        expect(String(await logged)).toMatch(/all descriptors are in use.*ulimit -n/)
      } finally {
        for (const socket of sockets) socket.destroy()
        child.kill('SIGKILL')
      }
    },
  )
})

describe('errors of a listener', () => {
  it('are logged at once, and then no more for a while', () => {
    const server = new EventEmitter() as Server
    const lines: string[] = []
    const log = { error: (_fields: object, message: string) => void lines.push(message) }
    reportAcceptErrors(server, log as Parameters<typeof reportAcceptErrors>[1])
    for (let count = 0; count < 1000; count += 1) {
      server.emit('error', Object.assign(new Error('accept ENFILE'), { code: 'ENFILE' }))
    }
    expect(lines).toEqual([expect.stringMatching(/^accepting failed: raise the limit/)])
  })
})
