// Real packages behave under fromNode() as under node:http: each request goes to both, and the answers are compared.

import { describe, expect, it } from 'vitest'
import { FRAMING, SUBJECTS } from './subjects.ts'
import type { NodeHandler } from 'isthmus/adapters'
import type { RawClient } from '../../raw/raw-client.ts'

type Request = [
  status: number,
  method: string,
  target: string,
  fields?: Record<string, string>,
  body?: string,
]
type Maker = (...args: string[]) => NodeHandler | Promise<NodeHandler>

const { expressApp, EXPRESS_REQUESTS } = await load('express.js')
const { koaHandler, KOA_REQUESTS } = await load('koa.js')
const { middlewareApp, MIDDLEWARE_REQUESTS, morganLines } = await load('middleware.js')

const APPS: Array<[name: string, make: () => NodeHandler | Promise<NodeHandler>, unknown]> = [
  ['Express 5', () => (expressApp as Maker)('express'), EXPRESS_REQUESTS],
  ['Express 4', () => (expressApp as Maker)('express4'), EXPRESS_REQUESTS],
  ['Koa 3', koaHandler as Maker, KOA_REQUESTS],
  ['a package of middleware', middlewareApp as Maker, MIDDLEWARE_REQUESTS],
]

describe.each(APPS)('%s', (_name, make, requests) => {
  it.each(requests as Request[])('answers %i to %s %s', async (...request) => {
    const answers = await bothAnswers(make, request)
    expect(answers[0]?.status).toBe(request[0])
    expect(answers[1]).toEqual(answers[0])
  })
})

it('morgan writes the same line', async () => {
  const lines = morganLines as string[]
  lines.length = 0
  await bothAnswers(middlewareApp as Maker, [200, 'GET', '/morgan/line'])
  expect(lines).toEqual(['GET /morgan/line 200 19\n', 'GET /morgan/line 200 19\n'])
})

interface Answer {
  status: number
  headers: Array<[string, string]>
  body: string
}

async function bothAnswers(
  make: () => NodeHandler | Promise<NodeHandler>,
  request: Request,
): Promise<Answer[]> {
  const answers: Answer[] = []
  for (const { host } of SUBJECTS) {
    await using hosted = await host(await make())
    using client = await hosted.connect()
    answers.push(await ask(client, request))
  }
  return answers
}

async function ask(client: RawClient, request: Request): Promise<Answer> {
  const [, method, target, fields = {}, body = ''] = request
  const pairs = Object.entries({ host: 'example.test', ...fields })
  if (body !== '') pairs.push(['content-length', String(body.length)])
  const lines = pairs.map(([name, value]) => `${name}: ${value}\r\n`)
  client.send(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n${body}`)
  const response = await client.response(method)
  const headers = response.headers
    .map(([name, value]): [string, string] => [name.toLowerCase(), value])
    .filter(([name]) => !FRAMING.includes(name))
  return { status: response.status, headers, body: response.body }
}

// The apps are JavaScript, as the packages are.
async function load(name: string): Promise<Record<string, unknown>> {
  return (await import(new URL(`apps/${name}`, import.meta.url).href)) as Record<string, unknown>
}
