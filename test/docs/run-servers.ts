// Starts the servers of a page as a reader would, sends the requests of the page, and stops the servers by SIGTERM.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { openAsBlob } from 'node:fs'
import { symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { hostsPython, readerPython } from './reader-python.ts'
import { DEADLINE_MS, folderOf } from './run-page.ts'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import type { Page, ServerOfPage } from './page.ts'
import type { Printed } from './run-page.ts'

const ADDRESS = 'http://127.0.0.1:8000'
const OK = 'exit 0'
const AT_A_TIME = 3

type Child = ChildProcessWithoutNullStreams

/**
 * Runs the servers of `pages`, a few at a time, each in a folder of its own below `home`. `visit` is a further check of each
 * running server, and gets its URL and the text of its block.
 */
export async function runServers(
  pages: readonly Page[],
  home: string,
  visit: (url: string, text: string) => Promise<void> = async () => undefined,
): Promise<Printed> {
  const starts = pages.flatMap((page, at) =>
    page.servers
      .filter(({ sinceNode, text }) => hasNode(sinceNode) && hasPython(text))
      .flatMap((server, index) =>
        waysToStart(server).map((name) => {
          const place = join(home, `servers-${at}-${index}`, name ?? '')
          return { page, server, name, place }
        }),
      ),
  )
  const expected = starts.map(({ server }) => [...server.requests.map(({ output }) => output), OK])
  const actual = starts.map((): string[] => [])
  const waiting = [...starts.entries()]
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [at, { page, server, name, place }] = next
      const folder = await folderOf(page, place)
      await symlink(join(home, 'node_modules'), join(folder, 'node_modules'), 'dir')
      actual[at] = await runServer(server, { folder, name, visit })
    }
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, work))
  return { expected: expected.flat(), actual: actual.flat() }
}

function hasNode(since: string): boolean {
  const [major = 0, minor = 0] = since.split('.').map(Number)
  const [ownMajor = 0, ownMinor = 0] = process.versions.node.split('.').map(Number)
  return ownMajor > major || (ownMajor === major && ownMinor >= minor)
}

function hasPython(text: string): boolean {
  return !readerPython.missing || !hostsPython(text)
}

/** The names of the program, each of which is started; null stands for the command. */
function waysToStart({ names }: ServerOfPage): Array<string | null> {
  return names.length > 0 ? names : [null]
}

interface Run {
  folder: string
  name: string | null
  visit: (url: string, text: string) => Promise<void>
}

async function runServer({ text, requests }: ServerOfPage, run: Run): Promise<string[]> {
  const { folder, name, visit } = run
  const child = await (name === null
    ? startCommand(folder, text)
    : startProgram(folder, name, text))
  let complaints = ''
  child.stderr.on('data', (chunk) => (complaints += String(chunk)))
  const exit = once(child, 'close')
  try {
    const url = await urlOf(child)
    if (url === undefined) return [`no line says "listening on": ${complaints}`]
    await visit(url, text)
    const answers: string[] = []
    for (const { command } of requests) answers.push(await curl(command, url, folder))
    child.kill('SIGTERM')
    const [status, signal] = (await exit) as [number | null, string | null]
    return [...answers, status === 0 ? OK : `exit ${status ?? signal}: ${complaints}`]
  } finally {
    child.kill('SIGKILL')
  }
}

// Free ports keep the servers apart.
async function startProgram(folder: string, name: string, text: string): Promise<Child> {
  await writeFile(join(folder, name), text.replace('port: 8000', 'port: 0'))
  const loader = name.endsWith('.ts') ? ['--import', 'tsx'] : []
  return spawn(process.execPath, [...loader, name], { cwd: folder, timeout: DEADLINE_MS })
}

// npx starts the command in a child, which a signal to npx does not reach.
function startCommand(folder: string, text: string): Child {
  const [, line] = /^npx isthmus ([^#\n]+)/m.exec(text) ?? []
  if (line === undefined) throw new Error(`no command of isthmus: ${text}`)
  const words = [join(folder, 'node_modules/.bin/isthmus'), ...line.trim().split(/\s+/)]
  const options = { cwd: folder, timeout: DEADLINE_MS }
  return spawn(process.execPath, [...words, '--port', '0'], options)
}

async function urlOf(child: Child): Promise<string | undefined> {
  for await (const line of createInterface(child.stdout)) {
    const url = /listening on (\S+)/.exec(line)?.[1]
    if (url !== undefined) return url
  }
  return undefined
}

/** The output of `curl`, with the options that the pages use: `-d`, `-F` and `-H`. */
async function curl(command: string, url: string, folder: string): Promise<string> {
  const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? word!)
  const target = words.find((word) => word.startsWith(ADDRESS))
  if (words[0] !== 'curl' || target === undefined) throw new Error(`no request: ${command}`)

  const after = (option: string): string[] =>
    words.flatMap((word, at) => (words[at - 1] === option ? [word] : []))
  const data = after('-d')[0]
  const form = after('-F')
  const body = data === undefined ? await formOf(form, folder) : new URLSearchParams(data)
  const response = await fetch(target.replace(ADDRESS, url), {
    headers: after('-H').map((field) => field.split(/: */, 2) as [string, string]),
    signal: AbortSignal.timeout(DEADLINE_MS),
    ...(body && { method: 'POST', body }),
  })
  const answer = await response.text()
  // A terminal shows the prompt in the next line.
  return answer.endsWith('\n') ? answer : `${answer}\n`
}

async function formOf(fields: readonly string[], folder: string): Promise<FormData | null> {
  if (fields.length === 0) return null
  const form = new FormData()
  for (const field of fields) {
    const [, name = '', at, value = ''] = /^([^=]+)=(@?)(.*)$/.exec(field) ?? []
    if (at === '') form.append(name, value)
    else form.append(name, await openAsBlob(join(folder, value)), value)
  }
  return form
}
