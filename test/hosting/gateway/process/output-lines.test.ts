// The output of a process as lines of the log.

import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { readLines } from '../../../../src/hosting/gateway/process/output-lines.ts'

/** The texts that `pieces` of output become. */
async function linesOf(...pieces: Array<string | Buffer>): Promise<string[]> {
  const stream = new PassThrough()
  const texts: string[] = []
  readLines(stream, (text) => texts.push(text))
  const ended = once(stream, 'end')
  for (const piece of pieces) stream.write(piece)
  stream.end()
  await ended
  return texts
}

const TRACEBACK = [
  'Traceback (most recent call last):',
  '  File "shop.py", line 3, in price',
  '    return 1 / 0',
  'ZeroDivisionError: division by zero',
].join('\n')

describe('the output of a process', () => {
  it('is one text for each line, however the lines are cut', async () => {
    expect(await linesOf('one\ntw', 'o\n', '\n   \nthree')).toEqual(['one', 'two', 'three'])
  })

  it('keeps a character whose bytes come in two pieces', async () => {
    const [first, second] = [
      Buffer.from('Zürich').subarray(0, 2),
      Buffer.from('Zürich').subarray(2),
    ]
    expect(await linesOf(first, second, '\n')).toEqual(['Zürich'])
  })

  it('has a traceback as one text', async () => {
    expect(await linesOf(`before\n${TRACEBACK}\nafter\n`)).toEqual(['before', TRACEBACK, 'after'])
  })

  it('has a traceback also if the process ends in it', async () => {
    const cut = TRACEBACK.split('\n').slice(0, 2).join('\n')
    expect(await linesOf(`${cut}\n`)).toEqual([cut])
  })

  it('cuts a line that never ends', async () => {
    const texts = await linesOf('x'.repeat(40_000))
    expect(texts.map((text) => text.length)).toEqual([16_384, 16_384, 7_232])
  })

  it('bounds a traceback that never ends', async () => {
    const lines = ['Traceback (most recent call last):', ...Array<string>(3_000).fill('  more')]
    const [first = '', ...others] = await linesOf(`${lines.join('\n')}\n`)
    expect(first.split('\n')).toHaveLength(1_001)
    expect(others.length).toBeGreaterThan(0)
  })

  it('ends with its last words when the stream fails', async () => {
    const stream = new PassThrough()
    const texts: string[] = []
    readLines(stream, (text) => texts.push(text))
    stream.write('last words')
    const closed = new Promise((resolve) => stream.once('close', resolve))
    await new Promise((resolve) => setImmediate(resolve))
    stream.destroy(new Error('the pipe broke'))
    await closed
    expect(texts).toEqual(['last words'])
  })
})
