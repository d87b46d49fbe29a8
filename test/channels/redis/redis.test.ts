// redis(): the suite of all channels, over each server that is installed.

import { afterAll } from 'vitest'
import { redis } from 'isthmus/channels'
import { describeChannels } from '../suite.ts'
import { Cable } from './cable.ts'
import { SERVERS, TestServer } from './server.ts'
import type { Channels } from 'isthmus/channels'

for (const { name, command, missing } of SERVERS) {
  // The cases have one server, and names of their own: a server for each would take most of the time.
  let shared: Promise<TestServer> | undefined
  let cases = 0
  afterAll(async () => (await shared)?.stop())

  describeChannels({
    name: `redis() over ${name}`,
    gaps: missing === undefined ? {} : { all: missing },
    start: async (options) => {
      shared ??= TestServer.start(command)
      const server = await shared
      const cable = await Cable.to(server.port)
      const prefix = `case ${(cases += 1)}:`
      const opened: Channels[] = []
      return {
        open: () => {
          const channels = redis({ ...options, url: cable.url, prefix })
          opened.push(channels)
          return Promise.resolve(channels)
        },
        interrupt: () => Promise.resolve(cable.cut()),
        restore: () => Promise.resolve(cable.mend()),
        restartEmpty: async () => {
          await server.kill()
          await server.start()
        },
        stop: async () => {
          await Promise.all(opened.map((channels) => channels.close()))
          await cable.close()
        },
      }
    },
  })
}
