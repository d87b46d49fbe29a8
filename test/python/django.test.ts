// A Django site, unchanged, by WSGI and by ASGI.

import { readdir } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Browser, sha256, uploadForm } from './browser.ts'
import { hosted } from './hosted.ts'
import { pythonWith } from './python-with.ts'
import type { Hosted } from './hosted.ts'

const { python, missing, note } = pythonWith(['django'])
const files = { 'download.txt': '0123456789'.repeat(30_000) }
const WAIT = { timeout: 60_000 }
const INTERFACES = [
  ['wsgi', 'django_site.wsgi:application'],
  ['asgi', 'django_site.asgi:application'],
] as const

describe.each(INTERFACES)('a Django site by %s', (kind, spec) => {
  describe.skipIf(missing)(`hosted${note}`, () => {
    let site: Hosted
    let browser: Browser
    beforeAll(async () => {
      const prepare = 'django_site.settings'
      site = await hosted(spec, { interface: kind, python, files, prepare })
      browser = new Browser(site.url)
    }, 60_000)
    afterAll(() => site.close(), 60_000)

    it('saves a form with its CSRF token, and keeps a session', async () => {
      const guest = new Browser(site.url)
      expect(await (await guest.fetch('/')).text()).toContain('csrfmiddlewaretoken')
      const saved = await guest.submit('/', { author: 'Zoé', text: 'très bien' })
      expect([saved.status, saved.headers.get('location')]).toEqual([302, '/'])
      expect(await (await guest.fetch('/')).text()).toContain('<p>Zoé: très bien</p>')
      const who = await guest.fetch('/who')
      expect(await who.json()).toEqual({ author: 'Zoé', url: `${site.url}/who` })
      expect(await (await browser.fetch('/who')).json()).toMatchObject({ author: null })
    })

    it('refuses a form without the token, and one without its fields', async () => {
      const body = new URLSearchParams({ author: 'a', text: 'b' })
      const forged = await new Browser(site.url).fetch('/', { method: 'POST', body })
      expect(forged.status).toBe(403)
      const guest = new Browser(site.url)
      await guest.fetch('/')
      const empty = await guest.submit('/', { author: 'a' })
      expect([empty.status, (await empty.text()).includes('This field is required')]).toEqual([
        400,
        true,
      ])
    })

    it('logs in to the admin, and serves its static files', async () => {
      const admin = new Browser(site.url)
      expect((await admin.fetch('/admin/')).status).toBe(302)
      await admin.fetch('/admin/login/')
      const login = { username: 'ada', password: 'engine', next: '/admin/' }
      expect((await admin.submit('/admin/login/', { ...login, password: 'wrong' })).status).toBe(
        200,
      )
      expect((await admin.submit('/admin/login/', login)).status).toBe(302)
      const front = await admin.fetch('/admin/')
      expect([front.status, (await front.text()).includes('Entries')]).toEqual([200, true])

      const entry = { author: 'admin', text: 'from the admin', _save: 'Save' }
      expect((await admin.fetch('/admin/django_site/entry/add/')).status).toBe(200)
      expect((await admin.submit('/admin/django_site/entry/add/', entry)).status).toBe(302)
      const list = await admin.fetch('/admin/django_site/entry/')
      expect(await list.text()).toContain('admin: from the admin')

      const style = await admin.fetch('/static/admin/css/base.css')
      expect(style.headers.get('content-type')).toBe('text/css')
      const length = Number(style.headers.get('content-length'))
      expect((await style.text()).length).toBeGreaterThan(1_000)
      expect(length).toBeGreaterThan(1_000)
    })

    it('takes uploads in memory and in a temporary file, which is gone after the response', async () => {
      for (const [size, kind] of [
        [600_000, 'TemporaryUploadedFile'],
        [60_000, 'InMemoryUploadedFile'],
      ] as const) {
        const { form, content } = uploadForm({ field: 'file', name: 'é.png', size }, 'é')
        const response = await browser.fetch('/upload', { method: 'POST', body: form })
        const file = { name: 'é.png', size, kind, sha256: sha256(content) }
        expect(await response.json()).toEqual({ title: 'é', files: [file] })
      }
      const left = async () => (await readdir(site.data)).filter((name) => name.includes('upload'))
      await expect.poll(left, WAIT).toEqual([])
    })

    it('reads a body whole, or as a file', async () => {
      for (const path of ['/raw', '/raw?read=1']) {
        const headers = { 'content-type': 'application/octet-stream' }
        const body = Buffer.alloc(200_000, 'x')
        const response = await browser.fetch(path, { method: 'PUT', body, headers })
        const type = 'application/octet-stream'
        expect(await response.json()).toEqual({ size: 200_000, method: 'PUT', type })
      }
    })

    it('streams, and closes the generator', async () => {
      const response = await browser.fetch('/stream')
      expect(await response.text()).toBe('part 0 é\npart 1 é\npart 2 é\n')
      expect(await site.journal.has('stream closed')).toBeDefined()
    })

    it('sends a file', async () => {
      const response = await browser.fetch('/download')
      expect(response.headers.get('content-length')).toBe('300000')
      expect(response.headers.get('content-disposition')).toBe(
        'attachment; filename="download.txt"',
      )
      expect(await response.text()).toBe(files['download.txt'])
    })

    it('sets two cookies', async () => {
      const response = await fetch(`${site.url}/cookies`)
      expect(response.headers.getSetCookie()).toEqual(['first=one; Path=/', 'second=two; Path=/'])
    })

    it('answers HEAD, and 404', async () => {
      const head = await browser.fetch('/download', { method: 'HEAD' })
      expect([head.headers.get('content-length'), await head.text()]).toEqual(['300000', ''])
      expect((await browser.fetch('/nowhere')).status).toBe(404)
    })

    it('answers an error by its page, and logs it by its logger', async () => {
      const broken = await browser.fetch('/broken')
      expect([broken.status, (await broken.text()).includes('broken on purpose')]).toEqual([
        500,
        true,
      ])
      await expect.poll(() => site.tracebacks('ValueError: broken on purpose'), WAIT).toBe(1)
    })
  })
})
