// The example desk over plain HTTP: its pages, its forms, its files and its feed.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buy, startDesk } from './desk-server.ts'

// Two seconds of arithmetic, on a machine that may be busy.
const REPORT_MS = 60_000

let desk: Awaited<ReturnType<typeof startDesk>>

beforeAll(async () => {
  desk = await startDesk()
})
afterAll(() => desk[Symbol.asyncDispose]())

describe('pages', () => {
  it('shows the programme', async () => {
    const response = await get('/')
    expect(response.status).toBe(200)
    expect(response.headers.get('content-security-policy')).toContain("default-src 'self'")
    expect(await response.text()).toContain('Waiting for Godot')
  })

  it('says that it runs on the event loop', async () => {
    expect(await (await get('/')).text()).toContain('This desk runs on the event loop.')
  })

  it('says that it runs in a thread', { timeout: REPORT_MS }, async () => {
    await using hosted = await startDesk('thread')
    const response = await fetch(hosted.url, { signal: AbortSignal.timeout(REPORT_MS) })
    expect(await response.text()).toContain('This desk runs in a thread.')
  })

  it('answers 404 with a link back for an unknown path', async () => {
    const response = await get('/nothing')
    expect(response.status).toBe(404)
    expect(await response.text()).toContain('Back to the ticket desk')
  })

  it('answers 405 and says which method goes', async () => {
    const response = await get('/tickets')
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('POST')
  })

  it('answers HEAD as GET, without the body', async () => {
    const response = await get('/', { method: 'HEAD' })
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('')
  })
})

describe('buying', () => {
  it('redirects to a page that confirms the ticket', async () => {
    const response = await buy(desk.url, { name: '  Class \n 4b ', performance: 'tempest' })
    expect(response.status).toBe(303)
    expect(response.headers.get('location')).toMatch(/^\/\?bought=\d+$/)

    const page = await (await get(response.headers.get('location') ?? '')).text()
    expect(page).toContain('it is yours, <bdi>Class 4b</bdi>')
  })

  it('escapes a name that is markup, on the page and on the ticket', async () => {
    const response = await buy(desk.url, {
      name: `<script>alert("1")</script>&'`,
      performance: 'godot',
    })
    const location = response.headers.get('location') ?? ''
    const escaped = '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;'

    const page = await (await get(location)).text()
    expect(page).toContain(escaped)
    expect(page).not.toContain('<script>alert')
    const ticket = await (await get(`/tickets/${location.split('=')[1]}/ticket.svg`)).text()
    expect(ticket).toContain(escaped)
    expect(ticket).not.toContain('<script')
  })

  it('refuses an empty name', async () => {
    const response = await buy(desk.url, { name: ' \t ', performance: 'tempest' })
    expect(response.status).toBe(400)
    expect(await response.text()).toContain('Please tell us the name')
  })

  it('refuses a name of 61 characters, and takes one of 60', async () => {
    expect((await buy(desk.url, { name: 'x'.repeat(61), performance: 'tempest' })).status).toBe(400)
    expect((await buy(desk.url, { name: 'x'.repeat(60), performance: 'tempest' })).status).toBe(303)
  })

  it('refuses a name with control characters', async () => {
    expect((await buy(desk.url, { name: 'a\0b', performance: 'tempest' })).status).toBe(400)
  })

  it('refuses a performance that is not on', async () => {
    const response = await buy(desk.url, { name: 'Ada', performance: 'hamlet' })
    expect(response.status).toBe(400)
    expect(await response.text()).toContain('choose one of the performances')
  })

  it('refuses a body that is too long, without an order in it', async () => {
    const response = await buy(desk.url, { name: 'Ada', performance: 'godot', x: 'x'.repeat(5000) })
    expect(response.status).toBe(413)
  })
})

describe('files', () => {
  it('sends the conditions as a download', async () => {
    const response = await get('/conditions.txt')
    expect(response.headers.get('content-disposition')).toContain('attachment')
    expect(await response.text()).toContain('conditions of sale')
  })

  it('sends the ticket as a download', async () => {
    const bought = await buy(desk.url, { name: 'The Tuesday club', performance: 'errors' })
    const number = bought.headers.get('location')?.split('=')[1]
    const response = await get(`/tickets/${number}/ticket.svg`)
    expect(response.headers.get('content-disposition')).toContain(`ticket-${number}.svg`)
    expect(await response.text()).toContain('>The Tuesday club</text>')
  })

  it('has no ticket that was not sold', async () => {
    expect((await get('/tickets/99999/ticket.svg')).status).toBe(404)
  })

  it('has no file beyond its list', async () => {
    const paths = ['/desk.ts', '/..%2Fapp.ts', '/public/desk.css', '/package.json', '/.%2F']
    const statuses = await Promise.all(paths.map(async (path) => (await get(path)).status))
    expect(statuses).toEqual(paths.map(() => 404))
  })
})

describe('the report', { timeout: REPORT_MS }, () => {
  it('has a row for each performance', async () => {
    const response = await get('/report.csv', { signal: AbortSignal.timeout(REPORT_MS) })
    expect(response.headers.get('content-type')).toContain('text/csv')
    const rows = (await response.text()).trim().split('\r\n')
    expect(rows.map((row) => row.split(',')[0])).toEqual([
      'performance',
      'The Tempest',
      'Waiting for Godot',
      'The Comedy of Errors',
    ])
  })
})

describe('the feed', () => {
  it('sends a ticket that is sold while it is open', async () => {
    const response = await get('/feed')
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    await buy(desk.url, { name: 'Table by the window', performance: 'errors' })
    expect(await readUntil(response, '"Table by the window"')).toMatch(
      /id: tickets=\S+\.\d+\ndata: .*"Table by the window"/,
    )
  })

  it('resumes after the event that the client saw last', async () => {
    const response = await get('/feed')
    await buy(desk.url, { name: 'Front row', performance: 'errors' })
    const [, id = ''] = /id: (\S+)/.exec(await readUntil(response, '"Front row"')) ?? []
    await buy(desk.url, { name: 'Second row', performance: 'errors' })
    const again = await get('/feed', { headers: { 'Last-Event-ID': id } })
    expect(await readUntil(again, '"Second row"')).not.toContain('"Front row"')
  })
})

function get(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(desk.url + path, { signal: AbortSignal.timeout(30_000), ...init })
}

/** The body up to and including the piece that has `text`; the rest is cancelled. */
async function readUntil(response: Response, text: string): Promise<string> {
  let read = ''
  for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    read += piece
    if (read.includes(text)) return read
  }
  throw new Error(`the body ended without ${JSON.stringify(text)}: ${read}`)
}
