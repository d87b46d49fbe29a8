// isthmus serve --reload as a developer uses it: files are saved, and the next request gets the new code.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Started } from '../started.ts'

const MAIN = join(import.meta.dirname, '../../../dist/cli/main.js')
const DEADLINE_MS = 60_000
let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-reload-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function write(files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
}

function develop(...words: string[]): Started {
  return developWith([], words)
}

function developWith(flagsOfNode: string[], words: string[]): Started {
  const flags = ['--reload', '--port=0', '--log-format=json', '--threads=1']
  const all = [...flagsOfNode, MAIN, 'serve', ...words, ...flags]
  return new Started(process.execPath, all, { cwd: folder })
}

/** Asks until the answer has `text`, and returns the response. */
async function answerWith(url: string, text: string, headers = {}): Promise<Response> {
  const deadline = Date.now() + DEADLINE_MS
  for (;;) {
    const asked = fetch(url, { headers: { connection: 'close', ...headers } })
    const response = await asked.catch(() => Response.error())
    const body = await response.text()
    if (body.includes(text)) return response
    if (Date.now() > deadline) throw new Error(`no "${text}" in: ${body}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const APP = `
import { text } from './text.ts'
export default async (scope, receive, send) => {
  if (scope.type !== 'http') return
  if (scope.path === '/crash') process.exit(7)
  await send({ type: 'http.response.start', status: 200, headers: [] })
  await send({ type: 'http.response.body', body: text })
}`

const STREAM = `
export default async (scope, receive, send) => {
  if (scope.type !== 'http') return
  await send({ type: 'http.response.start', status: 200, headers: [] })
  await send({ type: 'http.response.body', body: 'one', moreBody: scope.path === '/stream' })
  while (scope.path === '/stream' && (await receive()).type !== 'http.disconnect');
  // It ends after its grace.
  await new Promise((resolve) => setTimeout(resolve, 800))
}`

describe('isthmus serve --reload', { timeout: 4 * DEADLINE_MS }, () => {
  it('serves the new code after a save, shows code that does not load, and mends it with the next save', async () => {
    write({
      'package.json': '{ "type": "module" }',
      'app.ts': APP,
      'text.ts': 'export const text = ',
    })
    using server = develop('app.ts')
    const url = await server.url()
    // The first load fails in a module that no load before it has told.
    await answerWith(url, 'cannot load')
    write({ 'text.ts': "export const text = 'one'" })
    await answerWith(url, 'one')
    write({ 'text.ts': "export const text: string = 'two'" })
    await answerWith(url, 'two')

    write({ 'text.ts': 'export const text = ' })
    const text = await answerWith(url, 'cannot load', { accept: 'text/plain' })
    expect(text.status).toBe(500)
    expect(server.output).toContain('isthmus: cannot load')
    const page = await answerWith(url, '<h1>The app does not load</h1>', { accept: 'text/html' })
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    // The page waits here; the response ends with the next load.
    const waiting = fetch(`${url}/.isthmus/reload`).then((response) => response.text())

    write({ 'text.ts': "export const text = 'three'" })
    await answerWith(url, 'three')
    expect(await waiting).toContain('data: failure ')

    // A write may be two changes, so another load may follow.
    await answerWith(
      `${url}/crash`,
      'the process of the app has ended while it served, with status 7',
    )
    server.child.kill('SIGTERM')
    expect(await server.status()).toBe(0)
  })

  it('watches CommonJS, the modules of threads, files that are not there yet, and those of --reload-include', async () => {
    mkdirSync(join(folder, 'views'))
    write({
      'views/page.html': 'page',
      'app.cjs': `
        const { readFileSync } = require('node:fs')
        const page = readFileSync('views/page.html', 'utf8')
        const text = require('./text')
        module.exports = (environ, startResponse) => {
          startResponse('200 OK', [])
          return [text + ' ' + page]
        }`,
    })
    using server = develop('sync:app.cjs', '--reload-include', 'views/*.html')
    const url = await server.url()
    await answerWith(url, "Cannot find module './text'")
    write({ 'text.js': "module.exports = 'one'" })
    await answerWith(url, 'one page')
    write({ 'text.js': "module.exports = 'two'" })
    await answerWith(url, 'two page')
    write({ 'views/page.html': 'sheet' })
    await answerWith(url, 'two sheet')
    server.child.kill('SIGINT')
    expect(await server.status()).toBe(0)
  })

  it('cuts open streams at a save without a warning, and tells SIGHUP from a save', async () => {
    write({ 'package.json': '{ "type": "module" }', 'app.js': STREAM })
    using server = develop('app.js', '--log-level=debug')
    const url = await server.url()
    const stream = await fetch(`${url}/stream`)
    await answerWith(url, 'one')
    write({ 'app.js': STREAM.replace('one', 'two') })
    await expect(stream.text()).rejects.toThrow('terminated')
    await answerWith(url, 'two')
    await server.says(/"level":20[^\n]*connections were cut/)
    server.child.kill('SIGHUP')
    await server.says(/SIGHUP: reloading[^]*reloaded in/)
    server.child.kill('SIGINT')
    expect(await server.status()).toBe(0)
    expect(server.output).toContain('app.js has changed: reloading')
    expect(server.output).not.toMatch(/SIGHUP[^"]* has changed/)
    expect(server.output).not.toMatch(/"level":(40|50)/)
  })

  it('gives the place of --inspect to the process of each load', async () => {
    const app = (word: string): string => `
      import inspector from 'node:inspector'
      export default async (scope, receive, send) => {
        if (scope.type !== 'http') return
        await send({ type: 'http.response.start', status: 200, headers: [] })
        await send({ type: 'http.response.body', body: '${word} ' + inspector.url() })
      }`
    write({ 'app.mjs': app('one') })
    using server = developWith(['--inspect=0'], ['app.mjs'])
    const url = await server.url()
    const place = await server.says(/Debugger listening on (ws:\/\/127\.0\.0\.1:\d+\/)/)
    await answerWith(url, `one ${place}`)
    write({ 'app.mjs': app('two') })
    await answerWith(url, `two ${place}`)
    expect(server.output).not.toContain('address already in use')
  })

  it('serves a saved module of Python, and shows a syntax error until the save that mends it', async () => {
    const app = (body: string): string => `
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [${body}]
`
    write({ 'desk.py': app('b"one"') })
    using server = develop('python:desk:app')
    const url = await server.url()
    await answerWith(url, 'one')
    write({ 'desk.py': app('b"two"') })
    await answerWith(url, 'two')
    write({ 'desk.py': app('b"two" oops') })
    const failed = await answerWith(url, 'SyntaxError', { accept: 'text/plain' })
    expect(failed.status).toBe(500)
    expect(server.output).toContain('desk.py')
    write({ 'desk.py': app('b"three"') })
    await answerWith(url, 'three')
  })

  it('refuses several workers', async () => {
    using server = develop('app.ts', '--workers=2')
    expect(await server.status()).toBe(2)
    expect(server.output).toContain('--reload is for development and has one process')
  })
})
