import { expect, it } from 'vitest'
import { redis } from 'isthmus/channels'
import { TestServer } from './server.ts'

it('works', async () => {
  const server = await TestServer.start('redis-server')
  const log = {
    debug() {},
    info() {},
    warn: (f: object, m: string) => console.log(m, f),
    error: (f: object, m: string) => console.log(m, f),
  }
  const options = { url: server.url, history: { board: { size: 5 } }, log }
  const one = redis(options)
  const two = redis(options)
  const sub = two.subscribe()
  console.log(await sub.join('board'), await sub.join('news'))
  for (let n = 0; n < 5; n += 1) {
    one.publish('board', { n })
    one.publish('news', new Uint8Array([n]))
  }
  const seen: unknown[] = []
  for (let n = 0; n < 10; n += 1) seen.push((await sub.receive())?.text)
  console.log(seen)
  one.send(sub.address, 'hallo')
  console.log(await sub.receive())
  await server.kill()
  for (let n = 5; n < 10; n += 1) {
    one.publish('board', { n })
    one.publish('news', { n })
  }
  await server.start()
  for (let n = 0; n < 10; n += 1) console.log((await sub.receive())?.text)
  console.log(one.stats(), two.stats())
  await one.close()
  await two.close()
  await server.stop()
  expect(1).toBe(1)
})
