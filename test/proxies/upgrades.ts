// Clients that offer HTTP/2 with `Upgrade: h2c`: the server answers them in HTTP/1.1, and takes their bodies.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Tally } from './tally.ts'
import { missing } from './tools.ts'
import { startUpstream } from './upstream.ts'
import type { Options, Outcome } from './options.ts'
import type { ToolName } from './tools.ts'

const BYTES = 1024
const RUN_MS = 60_000
const JAVA = fileURLToPath(new URL('clients/Http2Upgrade.java', import.meta.url))
const run = promisify(execFile)

interface Client {
  name: string
  tool: ToolName
  wanted: readonly string[]
  command(url: string): readonly [file: string, ...words: string[]]
}

const CURL = ['-sS', '-m', '10', '--http2', '-w', '\n'] as const
const CLIENTS: readonly Client[] = [
  {
    name: 'curl --http2',
    tool: 'curl',
    wanted: ['0'],
    command: (url) => ['curl', ...CURL, url],
  },
  {
    name: 'curl --http2 -d',
    tool: 'curl',
    wanted: [String(BYTES)],
    command: (url) => ['curl', ...CURL, '-d', 'x'.repeat(BYTES), url],
  },
  {
    name: "Java's HttpClient: GET, POST, POST",
    tool: 'java',
    wanted: ['200 0', `200 ${BYTES}`, `200 ${BYTES}`],
    command: (url) => ['java', JAVA, url, String(BYTES)],
  },
]

/** Asks every server with every client that is here. */
export async function upgrades({ servers }: Options): Promise<Outcome> {
  const skipped = CLIENTS.flatMap(({ tool }) => missing(tool) ?? [])
  const clients = CLIENTS.filter(({ tool }) => missing(tool) === null)
  const faults: string[] = []
  const lines = clients.map(({ name }) => [name])
  for (const server of servers) {
    const upstream = await startUpstream(server)
    try {
      for (const [at, client] of clients.entries()) {
        process.stderr.write(`upgrades: ${client.name}, ${server}\n`)
        const tally = await ask(client, `${upstream.url}/`, `${client.name}, ${server}`)
        lines[at]?.push(String(tally))
        faults.push(...tally.faults())
      }
    } finally {
      await upstream.child.stop()
    }
  }
  return { table: [['Upgrade: h2c', ...servers], ...lines], faults, skipped }
}

async function ask(client: Client, url: string, where: string): Promise<Tally> {
  const [file, ...words] = client.command(url)
  const tally = new Tally()
  const { stdout } = await run(file, words, { timeout: RUN_MS }).catch((error: Error) => ({
    stdout: error.message.split('\n')[1] ?? error.message,
  }))
  const said = stdout.trim().split('\n')
  for (const [at, wanted] of client.wanted.entries()) tally.count(said[at] ?? '', wanted, where)
  return tally
}
