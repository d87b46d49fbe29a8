// isthmus cgi as a process: its streams and its exit status.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'cgi-'))
afterAll(() => rmSync(folder, { recursive: true }))

const APP = join(folder, 'app.mjs')
writeFileSync(
  APP,
  `export default function* app(environ, startResponse) {
  console.log('text of the app')
  if (environ.PATH_INFO === '/fail') throw new Error('the app fails')
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  yield \`\${environ.REQUEST_METHOD} \${environ.PATH_INFO} \${process.env.HTTP_PROXY}\\n\`
  yield environ['wsgi.input'].read()
}
`,
)

const VARIABLES = {
  REQUEST_METHOD: 'POST',
  SCRIPT_NAME: '/app',
  PATH_INFO: '/x',
  CONTENT_LENGTH: '5',
  SERVER_PROTOCOL: 'HTTP/1.1',
  SERVER_NAME: 'example.test',
  HTTP_PROXY: 'http://forged.test',
}

const DEADLINE_MS = 40_000

interface Ended {
  status: number | null
  stdout: string
  stderr: string
}

/** Runs the command to its end. The input stays open after `input`, as that of a web server may. */
function cgi(file: string, environment: Record<string, string>, input = 'hello'): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const env = { PATH: process.env['PATH'], ...environment }
    const child = spawn(process.execPath, [MAIN, 'cgi', file], { env, timeout: DEADLINE_MS })
    const ended: Ended = { status: null, stdout: '', stderr: '' }
    child.stdout.on('data', (bytes) => (ended.stdout += String(bytes)))
    child.stderr.on('data', (bytes) => (ended.stderr += String(bytes)))
    child.on('error', reject)
    child.on('close', (status) => resolve({ ...ended, status }))
    child.stdin.on('error', () => undefined)
    child.stdin.write(input)
  })
}

it(
  'answers on stdout alone, and knows no variable of a field',
  { timeout: DEADLINE_MS },
  async () => {
    const { status, stdout, stderr } = await cgi(APP, VARIABLES)
    expect(stdout).toBe(
      'Status: 200 OK\r\ncontent-type: text/plain\r\n\r\nPOST /x undefined\nhello',
    )
    expect(stderr).toBe('text of the app\n')
    expect(status).toBe(0)
  },
)

it(
  'answers 500 for an app that fails, with its error on stderr',
  { timeout: DEADLINE_MS },
  async () => {
    const { status, stdout, stderr } = await cgi(APP, { ...VARIABLES, PATH_INFO: '/fail' })
    expect(stdout).toMatch(/^Status: 500 Internal Server Error\r\n/)
    expect(stderr).toContain('the app fails')
    expect(status).toBe(0)
  },
)

it(
  'answers 500 for an app that does not load, and ends with 1',
  { timeout: DEADLINE_MS },
  async () => {
    const { status, stdout, stderr } = await cgi(join(folder, 'none.mjs'), VARIABLES)
    expect(stdout).toMatch(/^Status: 500 Internal Server Error\r\n/)
    expect(stderr).toContain('isthmus: ')
    expect(status).toBe(1)
  },
)

it('tells a person that it is for web servers', { timeout: DEADLINE_MS }, async () => {
  const { status, stdout, stderr } = await cgi(APP, {})
  expect(stderr).toContain('isthmus: isthmus cgi answers a web server, which sets REQUEST_METHOD')
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
})
