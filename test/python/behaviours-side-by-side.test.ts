// Requests at the same time, and requests one after another in the same thread.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hosted } from './hosted.ts'
import { isReference } from './is-reference.ts'
import { pythonWith } from './python-with.ts'
import type { Hosted } from './hosted.ts'

const jsonOf = async <Value>(url: string): Promise<Value> =>
  (await (await fetch(url, { signal: AbortSignal.timeout(30_000) })).json()) as Value

const fastapi = pythonWith(['fastapi', 'multipart'])
describe.skipIf(fastapi.missing)(`one process of a FastAPI app${fastapi.note}`, () => {
  let workshop: Hosted
  beforeAll(async () => {
    const options = { interface: 'asgi', python: fastapi.python } as const
    workshop = await hosted('fastapi_app:app', options)
  }, 60_000)
  afterAll(() => workshop.close(), 60_000)

  it('has many requests at the same time', async () => {
    const guests = Array.from({ length: 12 }, () =>
      jsonOf<{ met: boolean }>(`${workshop.url}/meet?guests=12`),
    )
    expect(new Set((await Promise.all(guests)).map(({ met }) => met))).toEqual(new Set([true]))
  })

  it('answers while a sync endpoint blocks its thread', async () => {
    const held = jsonOf(`${workshop.url}/hold?name=thread`)
    await workshop.journal.has('holds thread')
    expect(await jsonOf(`${workshop.url}/waiting?seconds=0.01`)).toEqual({ loop: true })
    await workshop.release('thread')
    expect(await held).toEqual({ on_main: false })
  })
})

const flask = pythonWith(['flask'])
const HOSTS = [
  ['two processes', { processes: 2 }, false],
  ['four threads', { threads: 4 }, true],
] as const

describe.each(HOSTS)('%s of a Flask app', (_name, hosts, sameProcess) => {
  it.skipIf(flask.missing)(
    `answer a request while another one blocks${flask.note}`,
    async () => {
      const shop = await hosted('flask_shop:app', { interface: 'wsgi', ...hosts, ...flask })
      try {
        const held = jsonOf<number>(`${shop.url}/hold?name=request`)
        await shop.journal.has('holds request')
        const pid = await jsonOf<number>(`${shop.url}/pid`)
        await shop.release('request')
        expect((await held) === pid).toBe(sameProcess)
      } finally {
        await shop.close()
      }
    },
    40_000,
  )
})

const LEAKS = [
  ['Flask', 'flask', 'wsgi', 'flask_shop:app', '/customer'],
  ['Starlette', 'starlette', 'asgi', 'starlette_app:app', '/reader'],
] as const

describe.each(LEAKS)('a context variable of a %s app', (_name, module, kind, spec, path) => {
  const { python, missing, note } = pythonWith([module])
  const leaks = isReference && kind === 'wsgi'
  it.skipIf(missing || leaks)(
    `does not reach another request${note}${leaks ? ' (gunicorn does not keep contexts apart)' : ''}`,
    async () => {
      const app = await hosted(spec, { interface: kind, python })
      try {
        const names = ['one', 'two', 'three', 'four']
        const known = (name: string) => jsonOf(`${app.url}${path}?name=${name}`)
        const fresh = names.map((name) => ({ before: 'none', now: name }))
        expect(await Promise.all(names.map(known))).toEqual(fresh)
        for (const [at, name] of names.entries()) expect(await known(name)).toEqual(fresh[at])
      } finally {
        await app.close()
      }
    },
    40_000,
  )
})
