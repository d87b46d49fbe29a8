// A client with cookies, as a browser has them. It does not follow redirects.

import { createHash } from 'node:crypto'

/** The digest of `bytes`, as hexadecimal digits. */
export function sha256(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** A form with one field and one file of `size` bytes. */
export function uploadForm(
  file: { field: string; name: string; size: number },
  title: string,
): { form: FormData; content: Uint8Array } {
  const content = new Uint8Array(file.size).map((_, at) => at * 31 + (at >> 8))
  const form = new FormData()
  form.set('title', title)
  form.set(file.field, new File([content], file.name, { type: 'image/png' }))
  return { form, content }
}

/** One user of one server. */
export class Browser {
  readonly cookies: Map<string, string> = new Map<string, string>()
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  /** The field Cookie, for a WebSocket too. */
  get cookie(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    if (this.cookies.size > 0) headers.set('cookie', this.cookie)
    const signal = AbortSignal.timeout(30_000)
    const response = await fetch(this.#url + path, { signal, ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';')
      const at = pair.indexOf('=')
      this.cookies.set(pair.slice(0, at), pair.slice(at + 1))
    }
    return response
  }

  /** Sends the fields of a form, and the token of Django if there is one. */
  submit(path: string, fields: Record<string, string>): Promise<Response> {
    const token = this.cookies.get('csrftoken')
    const all = token === undefined ? fields : { ...fields, csrfmiddlewaretoken: token }
    return this.fetch(path, { method: 'POST', body: new URLSearchParams(all) })
  }
}
