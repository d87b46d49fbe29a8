// A redis-server of a test, in a temporary directory and on a free port.

import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from 'redis'
import { startChild } from '../../proxies/child.ts'
import type { AddressInfo } from 'node:net'
import type { Child } from '../../proxies/child.ts'

/** The kinds of servers, and the reason if one is not installed. */
export const SERVERS: ReadonlyArray<{ name: string; command: string; missing?: string }> = [
  serverOf('Redis', 'redis-server'),
  serverOf('Valkey', 'valkey-server'),
]

/** Starts, ends and starts again. The test stops it. */
export class TestServer {
  readonly port: number
  readonly #command: string
  readonly #folder: string
  readonly #settings: readonly string[]
  #child: Child | undefined

  private constructor(command: string, port: number, folder: string, settings: readonly string[]) {
    this.#command = command
    this.port = port
    this.#folder = folder
    this.#settings = settings
  }

  static async start(command: string, settings: readonly string[] = []): Promise<TestServer> {
    const folder = await mkdtemp(join(tmpdir(), 'isthmus-redis-'))
    const server = new TestServer(command, await freePort(), folder, settings)
    await server.start()
    return server
  }

  /** A Sentinel, which writes into its configuration. */
  static async startSentinel(command: string): Promise<TestServer> {
    const folder = await mkdtemp(join(tmpdir(), 'isthmus-redis-'))
    await writeFile(join(folder, 'sentinel.conf'), '')
    const server = new TestServer(command, await freePort(), folder, ['--sentinel'])
    await server.start()
    return server
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  async start(): Promise<void> {
    const words = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.#folder]
    const isSentinel = this.#settings.includes('--sentinel')
    this.#child = startChild([
      this.#command,
      ...(isSentinel ? [join(this.#folder, 'sentinel.conf')] : ['--save', '']),
      ...words,
      ...this.#settings,
    ])
    await this.command(['PING'])
  }

  /** Ends the server at once, as kill -9 does. */
  async kill(): Promise<void> {
    await this.#child?.stop('SIGKILL')
    this.#child = undefined
  }

  async stop(): Promise<void> {
    await this.kill()
    await rm(this.#folder, { recursive: true, force: true })
  }

  /** Stops the process without an end, or lets it go on. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.process.kill(name)
  }

  /** Runs a command over a connection of its own. */
  async command(words: readonly string[]): Promise<unknown> {
    const client = createClient({
      url: this.url,
      socket: { reconnectStrategy: (tries) => (tries < 200 ? 20 : new Error('no server')) },
    })
    client.on('error', () => undefined)
    await client.connect()
    try {
      return await client.sendCommand([...words])
    } finally {
      client.destroy()
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => {
    server.close(resolve)
  })
  return port
}

function serverOf(name: string, command: string): (typeof SERVERS)[number] {
  if (spawnSync(command, ['--version']).status === 0) return { name, command }
  const missing = `there is no ${command}`
  console.warn(`channels over ${name} are not tested: ${missing}`)
  return { name, command, missing }
}
