// A gibibyte through every bridge, either way, and what it costs: the peak of the server's resident memory.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ChildProcess } from 'node:child_process'
import type { AddressInfo } from 'node:net'
import type { Address } from 'isthmus'

const MIB = 1024 * 1024
const GIB = 1024 * MIB
const LIMIT_MIB = 64
const DEADLINE_MS = 120_000

let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-gibibyte-'))
  const file = join(folder, 'file')
  writeFileSync(file, '')
  // Sparse: it takes no room on the disk.
  truncateSync(file, GIB)
})
afterAll(() => rmSync(folder, { recursive: true }))

type Transfer = (address: Address, path: string) => Promise<number>

/**
 * Moves a gibibyte through `path` in a fresh process, after one through a bare node:http, so that what the garbage
 * collector leaves lying about is there already: what the transfer counted, and MiB of peak memory on top.
 */
async function extra(transfer: Transfer, path: string): Promise<{ bytes: number; mib: number }> {
  const child = fork(new URL('server.ts', import.meta.url), [join(folder, 'file')], {
    execArgv: ['--import', 'tsx'],
  })
  try {
    const [bare, server] = (await answer(child)) as [AddressInfo, Address]
    await transfer({ host: bare.address, port: bare.port }, '/')
    const before = await peak(child)
    const bytes = await transfer(server, path)
    return { bytes, mib: ((await peak(child)) - before) / MIB }
  } finally {
    child.kill('SIGKILL')
  }
}

async function peak(child: ChildProcess): Promise<number> {
  child.send('peak')
  return (await answer(child)) as number
}

async function answer(child: ChildProcess): Promise<unknown> {
  const signal = AbortSignal.timeout(DEADLINE_MS)
  const died = once(child, 'exit', { signal }).then(() => {
    throw new Error('the server died')
  })
  died.catch(() => undefined)
  const [message] = (await Promise.race([once(child, 'message', { signal }), died])) as unknown[]
  return message
}

/** Sends a gibibyte to `path` as fast as it is taken; the size that the app has counted. */
async function upload(address: Address, path: string): Promise<number> {
  const socket = connect(address)
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${GIB}\r\nConnection: close\r\n\r\n`,
  )
  const block = Buffer.alloc(65_536)
  const signal = AbortSignal.timeout(DEADLINE_MS)
  for (let sent = 0; sent < GIB; sent += block.length) {
    if (!socket.write(block)) await once(socket, 'drain', { signal })
  }
  let text = ''
  socket.on('data', (chunk) => (text += chunk.toString('latin1')))
  await once(socket, 'close', { signal })
  return Number(text.split('\r\n\r\n')[1])
}

/** Reads what `path` sends, and drops it; how many bytes it was, head and framing included. */
async function download(address: Address, path: string): Promise<number> {
  const socket = connect(address)
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
  socket.resume()
  await once(socket, 'close', { signal: AbortSignal.timeout(DEADLINE_MS) })
  return socket.bytesRead
}

// When the collector runs is chance, and the peak with it; what is retained shows in every try.
describe('a gibibyte takes no more than 64 MiB', { timeout: DEADLINE_MS, retry: 2 }, () => {
  it.each(['sync', 'iterable', 'events', 'threads', 'threaded-middleware'])(
    '[3c.7] to be uploaded: %s',
    async (way) => {
      const { bytes, mib } = await extra(upload, `/upload/${way}`)
      expect(bytes).toBe(GIB)
      expect(mib).toBeLessThanOrEqual(LIMIT_MIB)
    },
  )

  it.each([
    'sync',
    'iterable',
    'events',
    'pathsend',
    'file-wrapper',
    'threads',
    'threaded-middleware',
  ])('[3c.8] to be downloaded: %s', async (way) => {
    const { bytes, mib } = await extra(download, `/download/${way}`)
    expect(bytes).toBeGreaterThan(GIB)
    expect(mib).toBeLessThanOrEqual(LIMIT_MIB)
  })
})
