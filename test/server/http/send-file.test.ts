import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { STATUS_CODES } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { BodyTooLargeError } from '../../../src/errors.ts'
import { failureOf, turn } from '../../bridge/host.ts'
import { startCycle } from '../fake-http-transport.ts'
import type { FileHandle } from 'node:fs/promises'
import type { EventApp, HeaderPairs } from '../../../src/contract/events.ts'

// The reason phrase differs between versions of Node.
const TOO_LARGE = `chunk ${STATUS_CODES[413]}\n`
const opened = vi.hoisted((): FileHandle[] => [])
vi.mock(import('node:fs/promises'), async (importOriginal) => {
  const original = await importOriginal()
  const open: typeof original.open = async (...args) => {
    const file = await original.open(...args)
    opened.push(file)
    return file
  }
  return { ...original, open }
})

let folder = ''
let path = ''

beforeEach(() => {
  opened.length = 0
  folder = mkdtempSync(join(tmpdir(), 'send-file-'))
  path = join(folder, 'file')
  writeFileSync(path, 'abcdef')
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

const serving =
  (file: () => string, headers: HeaderPairs = []): EventApp =>
  async (_scope, _receive, send) => {
    await send({ type: 'http.response.start', status: 200, headers })
    await send({ type: 'http.response.pathsend', path: file() })
  }

/** The descriptors of the opened files: -1 for a closed one. */
function descriptors(): number[] {
  return opened.map(({ fd }) => fd)
}

describe('http.response.pathsend', () => {
  it('[3b.31] sends the file with its length, and closes it', async () => {
    const { transport, log, done } = startCycle(serving(() => path))
    await done
    expect(transport.heads).toEqual([[['content-length', '6']]])
    expect(transport.calls).toEqual(['head 200', 'chunk abcdef', 'end'])
    expect(log.lines).toEqual([])
    expect(descriptors()).toEqual([-1])
  })

  it('[3b.31] sends an empty file', async () => {
    writeFileSync(path, '')
    const { transport, done } = startCycle(serving(() => path))
    await done
    expect(transport.heads).toEqual([[['content-length', '0']]])
    expect(transport.calls).toEqual(['head 200', 'end'])
  })

  it('[3b.26] sends only the head to HEAD, without an error', async () => {
    const { transport, log, done } = startCycle(
      serving(() => path),
      { scope: { method: 'HEAD' } },
    )
    await done
    expect(transport.heads).toEqual([[['content-length', '6']]])
    expect(transport.calls).toEqual(['head 200', 'end'])
    expect(log.lines).toEqual([])
    expect(descriptors()).toEqual([-1])
  })

  it('[3b.31] sends trailers after the file', async () => {
    const { transport, done } = startCycle(
      async (_scope, _receive, send) => {
        await send({ type: 'http.response.start', status: 200, trailers: true })
        await send({ type: 'http.response.pathsend', path })
        await send({ type: 'http.response.trailers' })
      },
      { request: { acceptsTrailers: true } },
    )
    await done
    expect(transport.calls).toEqual(['head 200', 'chunk abcdef', 'end'])
  })

  it('[3b.31] answers 404 for a missing file and for a folder, and rejects', async () => {
    for (const missing of [() => join(folder, 'none'), () => folder]) {
      const failures: unknown[] = []
      const { transport, done } = startCycle(async (_scope, _receive, send) => {
        await send({ type: 'http.response.start', status: 200 })
        const sending = send({ type: 'http.response.pathsend', path: missing() })
        failures.push(await failureOf(sending))
      })
      await done
      expect(failures).toMatchObject([{ code: 'ENOENT' }])
      expect(transport.calls).toEqual(['head 404', 'chunk Not Found\n', 'end'])
    }
    expect(descriptors().every((fd) => fd === -1)).toBe(true)
  })

  it('[3b.31] refuses a FIFO without waiting for its writer, and a device, and names their kinds', async () => {
    const fifo = join(folder, 'fifo')
    execFileSync('mkfifo', [fifo])
    for (const [special, kind] of [
      [fifo, 'a FIFO'],
      ['/dev/zero', 'a character device'],
      [folder, 'a directory'],
    ] as const) {
      const failures: unknown[] = []
      const { transport, done } = startCycle(async (_scope, _receive, send) => {
        await send({ type: 'http.response.start', status: 200 })
        failures.push(await failureOf(send({ type: 'http.response.pathsend', path: special })))
      })
      await done
      const message = `"${special}" is ${kind}, not a regular file`
      expect(failures).toMatchObject([{ code: 'ENOENT', message }])
      expect(transport.calls[0]).toBe('head 404')
    }
    expect(descriptors()).toEqual([-1, -1, -1])
  })

  it('[3b.31] sends a file whose size the system does not know, without a length', async () => {
    const { transport, log, done } = startCycle(serving(() => '/proc/version'))
    await done
    expect(transport.heads.flat().map(([name]) => name)).not.toContain('content-length')
    const text = readFileSync('/proc/version', 'utf8')
    expect(transport.calls).toEqual(['head 200', `chunk ${text}`, 'end'])
    expect(log.lines).toEqual([])
  })

  it('[3b.31] sends a file that is shorter than its size says, without a length', async () => {
    const sysFile = '/sys/kernel/mm/transparent_hugepage/enabled'
    if (!existsSync(sysFile)) return
    const { transport, log, done } = startCycle(serving(() => sysFile))
    await done
    expect(transport.calls).toEqual(['head 200', `chunk ${readFileSync(sysFile, 'utf8')}`, 'end'])
    expect(log.lines).toEqual([])
  })

  it('[3b.31] answers 500 for a path that cannot be opened', async () => {
    const { transport, log, done } = startCycle(serving(() => `${path}\0`))
    await done
    expect(transport.calls[0]).toBe('head 500')
    expect(log.lines).toEqual(['error: the app failed'])
  })

  it('[3b.25] cuts the connection when the file is shorter than announced', async () => {
    const { transport, log, done } = startCycle(serving(() => path, [['content-length', '9']]))
    await done
    expect(transport.calls).toEqual(['head 200', 'chunk abcdef', 'destroy'])
    expect(log.lines).toEqual(['error: the response broke off; the connection is cut'])
    expect(descriptors()).toEqual([-1])
  })

  it('[3b.25] cuts the connection when the file shrinks under way', async () => {
    writeFileSync(path, Buffer.alloc(200_000))
    const { cycle, transport, done } = startCycle(serving(() => path))
    transport.flowing = false
    await vi.waitFor(() => expect(transport.calls.length).toBe(2), 30_000)
    truncateSync(path, 70_000)
    transport.flowing = true
    cycle.onDrain()
    await done
    expect(transport.calls.at(-1)).toBe('destroy')
    expect(descriptors()).toEqual([-1])
  })

  it('[3b.31] sends the bytes that the file had when it was opened, even if it grows', async () => {
    writeFileSync(path, 'x'.repeat(100_000))
    const { cycle, transport, log, done } = startCycle(serving(() => path))
    transport.flowing = false
    await vi.waitFor(() => expect(transport.calls.length).toBe(2), 30_000)
    appendFileSync(path, 'more')
    transport.flowing = true
    cycle.onDrain()
    await done
    const sent = transport.calls.filter((call) => call.startsWith('chunk ')).join('')
    expect(sent.replaceAll('chunk ', '').length).toBe(100_000)
    expect(transport.calls.at(-1)).toBe('end')
    expect(log.lines).toEqual([])
  })

  it('[3b.24] reads on at the pace of the client, and closes the file when it leaves', async () => {
    writeFileSync(path, Buffer.alloc(1_000_000))
    const { cycle, transport, log, done } = startCycle(serving(() => path))
    transport.flowing = false
    await vi.waitFor(() => expect(transport.calls.length).toBe(2), 30_000)
    await turn()
    expect(transport.calls.length).toBe(2)
    cycle.onDisconnect()
    await done
    expect(transport.calls.length).toBe(2)
    expect(log.lines).toEqual(['debug: the client left before the response was complete'])
    expect(descriptors()).toEqual([-1])
  })

  it('[3a.26] lets a 413 replace a file that is being opened, and mixes no file bytes into the 413', async () => {
    const { cycle, transport, log, done } = startCycle(
      async (_scope, receive, send) => {
        await send({ type: 'http.response.start', status: 200 })
        await Promise.all([send({ type: 'http.response.pathsend', path }), receive()])
      },
      { request: { hasBody: true }, settings: { maxBodyBytes: 1 } },
    )
    await Promise.resolve()
    cycle.onBody(Buffer.from('abc'))
    await done
    await vi.waitFor(() => expect(descriptors()).toEqual([-1]), 30_000)
    expect(transport.calls.slice(1)).toEqual(['head 413', TOO_LARGE, 'end'])
    expect(transport.heads[0]?.filter(([name]) => name === 'content-length').length).toBe(1)
    expect(log.lines[0]).toContain(new BodyTooLargeError(1).message)
    expect(log.lines.length).toBe(1)
  })
})
