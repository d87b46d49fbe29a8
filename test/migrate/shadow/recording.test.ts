// The record of an answer: the events that count, copies of bytes, and the bounds.

import { describe, expect, it } from 'vitest'
import { BodySpace } from '../../../src/migrate/shadow/kept-bytes.ts'
import { Recording } from '../../../src/migrate/shadow/recording.ts'
import type { SendEvent } from '../../../src/contract/events.ts'

const MEBIBYTE = 1024 * 1024

function recordingOf(events: SendEvent[], method = 'GET', space = new BodySpace()): Recording {
  const recording = new Recording(method, { space, maxBytes: MEBIBYTE })
  for (const event of events) recording.take(event)
  return recording
}

const start = (status: number): SendEvent => ({
  type: 'http.response.start',
  status,
  headers: [['X-A', '1']],
})
const body = (text: string | Uint8Array, moreBody = false): SendEvent => ({
  type: 'http.response.body',
  body: text,
  moreBody,
})

async function textOf(recording: Recording): Promise<string> {
  return String((await recording.answer())?.body)
}

describe('a recording', () => {
  it('joins the parts of the body, with lower-case names of fields', async () => {
    const recording = recordingOf([
      start(200),
      body('a', true),
      body(Buffer.from('ä'), true),
      body('c'),
    ])
    expect(await recording.answer()).toEqual({
      status: 200,
      headers: [['x-a', '1']],
      body: Buffer.from('aäc'),
      isCut: false,
    })
  })

  it('leaves out events after the end, and a body that is not sent', async () => {
    expect(await textOf(recordingOf([start(200), body('a'), body('late')]))).toBe('a')
    expect(await textOf(recordingOf([start(200), body('a')], 'HEAD'))).toBe('')
    expect(await textOf(recordingOf([start(304), body('a')]))).toBe('')
  })

  it('has the head that was sent last before the body', async () => {
    const { status } = recordingOf([start(200), start(404), body('a'), start(500)])
    expect(status).toBe(404)
  })

  it('ignores events that are none', async () => {
    const events = [null, undefined, 5, { type: 'http.response.start', status: '200', headers: 7 }]
    expect(recordingOf(events as never).status).toBe(null)
    const odd = [
      { type: 'http.response.start', status: 200, headers: [null, ['a'], ['b', 1]] },
      { type: 'http.response.body', body: 5 },
    ]
    expect((await recordingOf(odd as never).answer())?.headers).toEqual([])
  })

  it('says which bound its body broke', () => {
    expect(recordingOf([start(200), body('x'.repeat(MEBIBYTE + 1))]).fault).toBe('too-large')
    const space = new BodySpace()
    space.take(64 * MEBIBYTE)
    expect(recordingOf([start(200), body('x')], 'GET', space).fault).toBe('memory')
  })

  it('gives its room back once, and takes none afterwards', () => {
    const space = new BodySpace()
    const recording = recordingOf([start(200), body('x'.repeat(1_000), true)], 'GET', space)
    recording.clear()
    recording.clear()
    recording.take(body('y'.repeat(1_000), true))
    expect(space.take(64 * MEBIBYTE)).toBe(true)
    expect(space.take(1)).toBe(false)
  })
})
