// Text for a standard stream whose reader is slow, has stalled, or has left.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { BoundedWriter } from '../src/bounded-writer.ts'
import { StandardStream } from '../src/standard-stream.ts'
import { Pipe } from './pipe.ts'

const KIB = 1024
const MIB = 1024 * KIB

afterEach(() => vi.restoreAllMocks())

/** A writer whose stream takes as many bytes as `room` says; undefined for a stream that is closed. */
function writer(): { output: BoundedWriter; stream: { room: number | undefined; text: string } } {
  const stream: { room: number | undefined; text: string } = { room: Infinity, text: '' }
  vi.spyOn(StandardStream.prototype, 'write').mockImplementation((bytes) => {
    if (stream.room === undefined) return undefined
    const taken = Math.min(stream.room, bytes.byteLength)
    stream.room -= taken
    stream.text += Buffer.from(bytes).toString('latin1', 0, taken)
    return taken
  })
  const output = new BoundedWriter(2, (lost) => output.write(`${lost} lost`))
  return { output, stream }
}

describe('a writer with a limit', () => {
  it('has written a text when write() returns, as long as the reader reads', () => {
    const { output, stream } = writer()
    output.write('one ')
    output.write('two')
    expect(stream.text).toBe('one two')
  })

  it('keeps texts in order for a reader that is slow, and writes them by itself', async () => {
    const { output, stream } = writer()
    stream.room = 2
    output.write('first ')
    output.write('second ')
    output.write('third')
    expect(stream.text).toBe('fi')
    stream.room = Infinity
    await vi.waitFor(() => expect(stream.text).toBe('first second third'), 30_000)
  })

  it('keeps 4 MiB, counts the texts that it drops, and says the count after those that it kept', async () => {
    const { output, stream } = writer()
    stream.room = 0
    for (let count = 0; count < 100; count += 1) output.write('x'.repeat(64 * KIB))
    stream.room = Infinity
    await vi.waitFor(() => expect(stream.text).toMatch(/lost$/), 30_000)
    expect(stream.text.replaceAll('x', '')).toBe('36 lost')
    expect(stream.text.length).toBe(4 * MIB + '36 lost'.length)
    output.write(' more')
    expect(stream.text).toMatch(/36 lost more$/)
  })

  it('writes one text of more than 4 MiB whole', () => {
    const { output, stream } = writer()
    stream.room = 5
    output.write('y'.repeat(5 * MIB))
    stream.room = Infinity
    expect(output.drain(1_000)).toBe(true)
    expect(stream.text.length).toBe(5 * MIB)
  })

  it('drops texts while the reader is gone, and says how many when there is one again', () => {
    const { output, stream } = writer()
    stream.room = undefined
    for (let count = 0; count < 3; count += 1) output.write('gone')
    expect(output.drain(1_000)).toBe(true)
    stream.room = Infinity
    output.write('back ')
    expect(stream.text).toBe('back 3 lost')
  })

  it('drops the waiting texts if the reader leaves', async () => {
    const { output, stream } = writer()
    stream.room = 1
    output.write('one')
    output.write('two')
    stream.room = undefined
    expect(output.drain(1_000)).toBe(true)
    stream.room = Infinity
    output.write('three ')
    expect(stream.text).toBe('othree 2 lost')
  })

  it('waits for the reader no longer than the limit of drain()', () => {
    const { output, stream } = writer()
    stream.room = 0
    output.write('one')
    const since = performance.now()
    expect(output.drain(100)).toBe(false)
    expect(performance.now() - since).toBeLessThan(5_000)
    stream.room = Infinity
    expect(output.drain(0)).toBe(true)
  })
})

/** Starts a process that writes 3 MiB to stderr and then ends by the statement `end`. */
function ending(end: string, pipe: Pipe): ReturnType<typeof spawn> {
  const program = `
    import { BoundedWriter } from ${JSON.stringify(new URL('../src/bounded-writer.ts', import.meta.url).href)}
    const output = new BoundedWriter(2, () => undefined)
    for (let count = 0; count < 48; count += 1) output.write('x'.repeat(${64 * KIB}))
    console.log('written')
    ${end}
  `
  const args = ['--import', 'tsx', '--input-type=module', '--eval', program]
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', pipe.fd] })
}

describe('the end of a process', { timeout: 60_000 }, () => {
  it.each([
    ['by itself', '', 0],
    ['by process.exit()', 'process.exit(3)', 3],
    ['by an exception', "throw 'lost'", 1],
  ])('writes the texts that wait, if the reader reads: %s', async (_title, end, status) => {
    await using pipe = await Pipe.make()
    const child = ending(end, pipe)
    await once(child.stdout!, 'data', { signal: AbortSignal.timeout(30_000) })
    const ended = once(child, 'exit', { signal: AbortSignal.timeout(30_000) })
    await delay(200)
    const length = 48 * 64 * KIB
    const text = await pipe.read((read) => read.length >= length)
    expect(text.replaceAll(/[^x]/g, '').length).toBeGreaterThanOrEqual(length)
    expect((await ended)[0]).toBe(status)
  })

  it('is not held up by a reader that has stalled', async () => {
    await using pipe = await Pipe.make()
    const child = ending('', pipe)
    expect((await once(child, 'exit', { signal: AbortSignal.timeout(30_000) }))[0]).toBe(0)
  })
})
