// Requests at the same time, and requests one after another in the same thread.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hosted } from './hosted.ts'
import { pythonWith } from './python-with.ts'
import type { Hosted } from './hosted.ts'

const jsonOf = async <Value>(url: string): Promise<Value> =>
  (await (await fetch(url, { signal: AbortSignal.timeout(12_000) })).json()) as Value

const fastapi = pythonWith(['fastapi', 'multipart'])
describe.skipIf(fastapi.missing)(`one process of a FastAPI app${fastapi.note}`, () => {
  let workshop: Hosted
  beforeAll(async () => {
    const options = { interface: 'asgi', python: fastapi.python } as const
    workshop = await hosted('fastapi_app:app', options)
  }, 40_000)
  afterAll(() => workshop.close(), 20_000)

  it('has many requests at the same time', async () => {
    const guests = Array.from({ length: 12 }, () =>
      jsonOf<{ met: boolean }>(`${workshop.url}/meet?guests=12`),
    )
    expect(new Set((await Promise.all(guests)).map(({ met }) => met))).toEqual(new Set([true]))
  })

  it('answers while a sync endpoint blocks its thread', async () => {
    let blocked = true
    const blocking = jsonOf(`${workshop.url}/blocking?seconds=2`).finally(() => {
      blocked = false
    })
    expect(await jsonOf(`${workshop.url}/waiting?seconds=0.01`)).toEqual({ loop: true })
    expect(blocked).toBe(true)
    expect(await blocking).toEqual({ on_main: false })
  })
})

const flask = pythonWith(['flask'])
describe.skipIf(flask.missing)(`two processes of a Flask app${flask.note}`, () => {
  let shop: Hosted
  beforeAll(async () => {
    const options = { interface: 'wsgi', python: flask.python, processes: 2 } as const
    shop = await hosted('flask_shop:app', options)
  }, 40_000)
  afterAll(() => shop.close(), 20_000)

  it('answer a request while another one blocks', async () => {
    let blocked = true
    const blocking = jsonOf<{ pid: number }>(`${shop.url}/slow?seconds=3`).finally(() => {
      blocked = false
    })
    const quick = await jsonOf<{ pid: number }>(`${shop.url}/slow?seconds=0.01`)
    expect(blocked).toBe(true)
    expect((await blocking).pid).not.toBe(quick.pid)
  })
})

describe.skipIf(flask.missing)(`four threads of a Flask app${flask.note}`, () => {
  let shop: Hosted
  beforeAll(async () => {
    const options = { interface: 'wsgi', python: flask.python, threads: 4 } as const
    shop = await hosted('flask_shop:app', options)
  }, 40_000)
  afterAll(() => shop.close(), 20_000)

  it('answer a request while another one blocks', async () => {
    let blocked = true
    const blocking = jsonOf<{ pid: number }>(`${shop.url}/slow?seconds=3`).finally(() => {
      blocked = false
    })
    const quick = await jsonOf<{ pid: number }>(`${shop.url}/slow?seconds=0.01`)
    expect(blocked).toBe(true)
    expect((await blocking).pid).toBe(quick.pid)
  })
})

const LEAKS = [
  ['Flask', 'flask', 'wsgi', 'flask_shop:app', '/customer'],
  ['Starlette', 'starlette', 'asgi', 'starlette_app:app', '/reader'],
] as const

describe.each(LEAKS)('a context variable of a %s app', (_name, module, kind, spec, path) => {
  const { python, missing, note } = pythonWith([module])
  it.skipIf(missing)(
    `does not reach another request${note}`,
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
