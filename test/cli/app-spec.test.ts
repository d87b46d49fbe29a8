// The names of apps on the command line, and the file names that look like them.

import { describe, expect, it } from 'vitest'
import { APP_FORM, parseAppSpec } from '../../src/cli/app-spec.ts'
import { InvalidOptionError } from '../../src/errors.ts'

describe('the name of an app', () => {
  it('is a file, whose default export is the app', () => {
    expect(parseAppSpec('app.ts')).toEqual({
      place: null,
      style: null,
      file: 'app.ts',
      exportName: 'default',
    })
  })

  it('may have a style before the file and an export after it', () => {
    expect(parseAppSpec('sync:legacy.js#app')).toEqual({
      place: null,
      style: 'sync',
      file: 'legacy.js',
      exportName: 'app',
    })
    expect(parseAppSpec('iterable:./a/b.mjs')).toMatchObject({ style: 'iterable' })
    expect(parseAppSpec('node:server.js')).toMatchObject({ style: 'node' })
    expect(parseAppSpec('fetch:worker.ts#app')).toMatchObject({ style: 'fetch' })
    expect(parseAppSpec('events:/live.ts#größe_$1')).toMatchObject({ exportName: 'größe_$1' })
  })

  it('keeps a "#" in the file if no identifier follows', () => {
    for (const file of ['c#/app.js', 'app#1.js', 'a#b.js', 'odd#', 'a #b c']) {
      expect(parseAppSpec(file)).toEqual({ place: null, style: null, file, exportName: 'default' })
    }
    expect(parseAppSpec('odd#name#app')).toMatchObject({ file: 'odd#name', exportName: 'app' })
  })

  it('keeps a ":" in the file if no style stands before it', () => {
    for (const file of [
      'C:\\apps\\app.js',
      'c:/app.js',
      './sync:app.js',
      'SYNC:app.js',
      'wsgi:a',
    ]) {
      expect(parseAppSpec(file)).toMatchObject({ style: null, file })
    }
    expect(parseAppSpec('sync:C:\\app.js')).toMatchObject({ style: 'sync', file: 'C:\\app.js' })
    expect(parseAppSpec('sync:sync:app.js')).toMatchObject({ file: 'sync:app.js' })
  })

  it('may contain blanks and line breaks', () => {
    expect(parseAppSpec('sync:my\napp .js#app')).toMatchObject({ file: 'my\napp .js' })
  })

  it('may have a place before the style', () => {
    const [file, exportName] = ['shop.js', 'app']
    expect(parseAppSpec('threads:node:shop.js#app')).toEqual({
      place: 'threads',
      style: 'node',
      file,
      exportName,
    })
    expect(parseAppSpec('inline:shop.js#app')).toEqual({
      place: 'inline',
      style: null,
      file,
      exportName,
    })
    expect(parseAppSpec('./threads:app.js')).toMatchObject({
      place: null,
      file: './threads:app.js',
    })
  })

  it('is refused if the place does not stand first, or is there twice', () => {
    const form = `as in ${APP_FORM}`
    expect(() => parseAppSpec('node:threads:shop.js')).toThrow(
      `must have "threads:" before "node:", ${form}`,
    )
    expect(() => parseAppSpec('threads:inline:shop.js')).toThrow(
      `must have only one of "threads:" and "inline:", ${form}`,
    )
  })

  it('without a file is refused', () => {
    for (const text of ['', 'sync:', '#app', 'events:#app', 'threads:', 'inline:node:']) {
      expect(() => parseAppSpec(text)).toThrow(
        expect.objectContaining({
          code: 'ISTHMUS_INVALID_OPTION',
          message: `must name a file, as in ${APP_FORM}`,
        }),
      )
    }
  })

  it('has a form, which the help and the messages show', () => {
    expect(APP_FORM).toBe(
      '[threads:|inline:][sync:|iterable:|events:|node:|fetch:]FILE[#export], python:MODULE[:ATTRIBUTE], or remote:URL[,URL…]',
    )
  })
})

describe('the name of an app of Python', () => {
  it.each(['shop', 'shop.wsgi', 'shop.wsgi:application', 'shop:make()', 'größe:app.asgi'])(
    'is a module, with the attribute or the factory that is the app: %s',
    (app) => {
      expect(parseAppSpec(`python:${app}`)).toEqual({ place: 'python', app })
    },
  )

  it('is no file that is named like one', () => {
    expect(parseAppSpec('./python:app.js')).toMatchObject({ place: null, file: './python:app.js' })
    expect(parseAppSpec('python.js')).toMatchObject({ place: null, file: 'python.js' })
  })

  it.each([
    ['python:shop.py', 'write python:shop'],
    ['python:shop.py:app', 'write python:shop:app'],
    ['python:shop.py#app', 'write python:shop:app'],
    ['python:src/web/shop.py:app', 'write python:shop:app with --python-cwd src/web'],
  ])('is refused as a path, with the name to write: %s', (text, remedy) => {
    const reason = `must name a module of Python and not a file: ${remedy}`
    expect(() => parseAppSpec(text)).toThrow(new InvalidOptionError(reason))
  })

  it.each([
    ['shop.py', 'write python:shop'],
    ['shop.py:app', 'write python:shop:app'],
    ['threads:src/shop.py#app', 'write python:shop:app with --python-cwd src'],
  ])('is refused as a file of JavaScript, with the name to write: %s', (text, remedy) => {
    const reason = `must name a module of Python and not a file: ${remedy}`
    expect(() => parseAppSpec(text)).toThrow(new InvalidOptionError(reason))
  })

  it.each(['python:', 'python:shop:', 'python:shop app', 'python:a/b', 'python:shop#app'])(
    'is refused in another form: %s',
    (text) => {
      expect(() => parseAppSpec(text)).toThrow(
        new InvalidOptionError(
          'must name a module of Python and its app, as in python:shop.wsgi:application',
        ),
      )
    },
  )

  it.each(['threads', 'inline', 'sync', 'node'])('is refused after "%s:"', (before) => {
    expect(() => parseAppSpec(`${before}:python:shop`)).toThrow(
      new InvalidOptionError(
        `must have no "${before}:" before "python:", because an app of Python runs in processes of its own`,
      ),
    )
  })
})
