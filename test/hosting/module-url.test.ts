import { fileURLToPath } from 'node:url'
import { InvalidOptionError, threadedMiddleware, threads, toSync } from 'isthmus'
import { describe, expect, it } from 'vitest'
import { moduleUrl } from '../../src/hosting/module-url.ts'
import { ask, fixture, hosted } from './behaviour-host.ts'

describe('the module of an app', () => {
  it('may be a URL, the text of one, or an absolute path', () => {
    const url = new URL('file:///app/a%20b.js')
    expect(moduleUrl('threads', url)).toBe(url.href)
    expect(moduleUrl('threads', url.href)).toBe(url.href)
    expect(moduleUrl('threads', fileURLToPath(url))).toBe(url.href)
  })

  it('is loaded from an absolute path', async () => {
    const path = fileURLToPath(fixture('wrapped'))
    await using server = await hosted(threads(path, { max: 1, export: 'hello' }))
    expect(await ask(server)).toBe('hello')
  })

  it.each(['./x.js', '../x.js', 'x.js', 'package/x.js', 'https://example.com/x.js', '', 7])(
    'is refused with a remedy if it is %j',
    (module) => {
      for (const [name, make] of Object.entries({ threads, threadedMiddleware, toSync })) {
        const call = (): unknown => make(module as string)
        expect(call).toThrow(InvalidOptionError)
        expect(call).toThrow(`${name}(): the module cannot be ${JSON.stringify(module)}`)
        expect(call).toThrow("write new URL('./app.js', import.meta.url)")
      }
    },
  )

  it('is refused with a remedy if it is the app itself', () => {
    const app = (): string[] => []
    expect(() => threads(app as never)).toThrow(
      'threads(): the module cannot be [Function: app], because a thread loads the module itself',
    )
  })
})
