// express-session with stores outside of the process keeps its sessions under fromNode() as under node:http: in files and in Redis.

import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RedisStore } from 'connect-redis'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startChild } from '../../proxies/child.ts'
import { SUBJECTS } from './subjects.ts'
import type { NodeHandler } from 'isthmus/adapters'
import type { RawClient } from '../../raw/raw-client.ts'

const { sessionsApp, fileStore } = (await import(
  new URL('./apps/sessions.js', import.meta.url).href
)) as {
  sessionsApp: (store: unknown) => NodeHandler
  fileStore: (path: string) => unknown
}

/** A store that is open. */
interface Opened {
  store: unknown
  /** The number of its sessions. */
  count(): Promise<number>
  close(): Promise<void>
}

const HAS_REDIS = spawnSync('redis-server', ['--version']).status === 0
if (!HAS_REDIS) console.warn('sessions in Redis are not tested: there is no redis-server')

const STORES: Array<[name: string, isThere: boolean, open: (folder: string) => Promise<Opened>]> = [
  ['files', true, openFiles],
  ['Redis', HAS_REDIS, openRedis],
]

for (const [name, isThere, open] of STORES) {
  describe.skipIf(!isThere).each(SUBJECTS)(`sessions in ${name} under $name`, ({ host }) => {
    let opened: Opened
    let folder: string
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'isthmus-sessions-'))
      opened = await open(folder)
    }, 60_000)
    afterAll(async () => {
      await opened.close()
      await rm(folder, { recursive: true, force: true })
    })

    it('are kept from request to request, and by the next server', async () => {
      let cookie = ''
      for (const visits of [1, 2]) {
        await using hosted = await host(sessionsApp(opened.store))
        using client = await hosted.connect()
        const first = await ask(client, '/visit', cookie)
        expect(first.body).toBe(String(visits * 2 - 1))
        cookie = first.cookie ?? cookie
        expect(await ask(client, '/visit', cookie)).toEqual({
          body: String(visits * 2),
          cookie: undefined,
        })
      }
      expect(cookie).toMatch(/^connect\.sid=s%3A/)
    })

    it('end, and get another name', async () => {
      await using hosted = await host(sessionsApp(opened.store))
      using client = await hosted.connect()
      const before = await opened.count()
      const { cookie = '' } = await ask(client, '/visit', '')
      expect(await opened.count()).toBe(before + 1)
      expect((await ask(client, '/renew', cookie)).body).toBe('0')
      expect((await ask(client, '/visit', cookie)).body).toBe('1')
      const { cookie: next = '' } = await ask(client, '/visit', '')
      expect((await ask(client, '/leave', next)).body).toBe('"left"')
      const again = await ask(client, '/visit', next)
      expect(again.body).toBe('1')
      expect(again.cookie).not.toBe(next)
    })
  })
}

interface Answer {
  body: string
  /** The cookie that it sets. */
  cookie: string | undefined
}

async function ask(client: RawClient, path: string, cookie: string): Promise<Answer> {
  const field = cookie === '' ? '' : `Cookie: ${cookie}\r\n`
  client.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n${field}\r\n`)
  const { body, headers } = await client.response()
  const set = headers.find(([name]) => name.toLowerCase() === 'set-cookie')?.[1]
  return { body, cookie: set?.split(';')[0] }
}

async function openFiles(folder: string): Promise<Opened> {
  return {
    store: fileStore(folder),
    count: async () => (await readdir(folder)).length,
    close: () => Promise.resolve(),
  }
}

// On a socket in the folder, and without a file of its data.
async function openRedis(folder: string): Promise<Opened> {
  const path = join(folder, 'redis.sock')
  const command = [
    'redis-server',
    '--port',
    '0',
    '--unixsocket',
    path,
    '--save',
    '',
    '--dir',
    folder,
  ]
  const child = startChild(command, { cwd: folder, env: process.env })
  const client = createClient({ socket: { path, reconnectStrategy: 50 } })
  client.on('error', () => undefined)
  await client.connect()
  return {
    store: new RedisStore({ client }),
    count: () => client.dbSize(),
    async close() {
      client.destroy()
      await child.stop('SIGTERM')
    },
  }
}
