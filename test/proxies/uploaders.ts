// The clients that upload: each one says the status that it got, or its error, for each upload.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { pythonFile } from './tools.ts'
import type { ToolName } from './tools.ts'

/** A body that is on the disk and in memory. */
export interface Body {
  bytes: Uint8Array
  file: string
}

/** A client, and how it frames the body. */
export interface Uploader {
  name: string
  tool?: ToolName
  /** True for a client that is also run through the proxies. */
  isProxied: boolean
  upload(url: string, body: Body, count: number): Promise<string[]>
}

const UPLOAD_S = 30
const PYTHON_CLIENT = fileURLToPath(new URL('clients/upload.py', import.meta.url))
const run = promisify(execFile)

interface Failure {
  code?: number | string
  stdout?: string
  message: string
}

function curl(...words: string[]): Uploader['upload'] {
  return async (url, { file }, count) => {
    const outcomes: string[] = []
    const fixed = ['-sS', '-m', String(UPLOAD_S), '-o', '/dev/null', '-w', '%{http_code}']
    while (outcomes.length < count) {
      outcomes.push(await curlOnce([...fixed, ...words, '--data-binary', `@${file}`, url]))
    }
    return outcomes
  }
}

async function curlOnce(words: string[]): Promise<string> {
  try {
    return (await run('curl', words)).stdout
  } catch (error) {
    const { code, stdout } = error as Failure
    return `curl exit ${code}, status ${stdout}`
  }
}

function python(client: string, framing: 'length' | 'chunked'): Uploader['upload'] {
  return async (url, { bytes }, count) => {
    const words = [PYTHON_CLIENT, client, url, String(bytes.length), framing, String(count)]
    const { stdout } = await run(pythonFile, words, { timeout: count * UPLOAD_S * 1000 })
    return stdout.trim().split('\n')
  }
}

function nodeFetch(framing: 'length' | 'chunked'): Uploader['upload'] {
  return async (url, { bytes }, count) => {
    const outcomes: string[] = []
    while (outcomes.length < count) {
      const body = framing === 'length' ? bytes : new Blob([bytes]).stream()
      outcomes.push(await fetchOnce(url, body))
    }
    return outcomes
  }
}

async function fetchOnce(url: string, body: Uint8Array | ReadableStream): Promise<string> {
  const signal = AbortSignal.timeout(UPLOAD_S * 1000)
  try {
    const response = await fetch(url, { method: 'POST', body, signal, duplex: 'half' })
    await response.arrayBuffer()
    return String(response.status)
  } catch (error) {
    const { cause, message } = error as Error
    return `fetch: ${(cause as Error | undefined)?.message ?? message}`
  }
}

/** The clients, in the order of the table. */
export const UPLOADERS: readonly Uploader[] = [
  { name: 'curl, Expect', tool: 'curl', isProxied: true, upload: curl() },
  { name: 'curl', tool: 'curl', isProxied: true, upload: curl('-H', 'Expect:') },
  {
    name: 'curl, chunked',
    tool: 'curl',
    isProxied: true,
    upload: curl('-H', 'Expect:', '-H', 'Transfer-Encoding: chunked'),
  },
  { name: 'fetch', isProxied: true, upload: nodeFetch('length') },
  { name: 'fetch, chunked', isProxied: false, upload: nodeFetch('chunked') },
  { name: 'http.client', tool: 'python', isProxied: true, upload: python('http.client', 'length') },
  {
    name: 'http.client, chunked',
    tool: 'python',
    isProxied: false,
    upload: python('http.client', 'chunked'),
  },
  { name: 'requests', tool: 'requests', isProxied: false, upload: python('requests', 'length') },
  { name: 'httpx', tool: 'httpx', isProxied: false, upload: python('httpx', 'length') },
]
