// wsgi.errors: every report of an app reaches the operator.

import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { errorStream } from '../../src/sync/errors-stream.ts'

function recorded(): { stream: ReturnType<typeof errorStream>; texts: string[] } {
  const texts: string[] = []
  return { stream: errorStream((text) => texts.push(text)), texts }
}

describe('errorStream', () => {
  it('[3a.30] passes texts on as they are, one by one', () => {
    const { stream, texts } = recorded()
    stream.write('one\n')
    stream.writelines(['two\n', 'three'])
    stream.flush()
    expect(texts).toEqual(['one\n', 'two\n', 'three'])
  })

  it('[3a.30] accepts any text, also lone surrogates', () => {
    const { stream, texts } = recorded()
    stream.write('\ud800 \0 \u{1f600}')
    expect(texts).toEqual(['\ud800 \0 \u{1f600}'])
  })

  it('[3a.30] shows values that are not text, instead of failing', () => {
    const { stream, texts } = recorded()
    const write = stream.write.bind(stream) as (text: unknown) => void
    write(undefined)
    write(Object.create(null))
    write(Symbol('x'))
    write(new Error('boom'))
    expect(texts.slice(0, 3)).toEqual(['undefined', '[Object: null prototype] {}', 'Symbol(x)'])
    expect(texts[3]).toContain('Error: boom\n    at ')
  })
})

describe('stderrStream', () => {
  it('[3a.30] has written the text even if the process exits at once', () => {
    const program = `
      import { stderrStream } from ${JSON.stringify(new URL('../../src/sync/errors-stream.ts', import.meta.url).href)}
      stderrStream.write('\\ud800' + 'x'.repeat(200_000))
      stderrStream.flush()
      process.exit(3)
    `
    const args = ['--import', 'tsx', '--input-type=module', '--eval', program]
    const { status, stderr } = spawnSync(process.execPath, args, {
      encoding: 'utf8',
      timeout: 10_000,
    })
    expect(stderr).toBe(`\ufffd${'x'.repeat(200_000)}`)
    expect(status).toBe(3)
  })
})
