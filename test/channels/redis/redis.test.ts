// redis(): the suite of all channels, over each server that is installed.

import { redis } from 'isthmus/channels'
import { describeChannels } from '../suite.ts'
import { Cable } from './cable.ts'
import { SERVERS, TestServer } from './server.ts'
import type { Channels } from 'isthmus/channels'

for (const { name, command, missing } of SERVERS) {
  describeChannels({
    name: `redis() over ${name}`,
    gaps: missing === undefined ? {} : { all: missing },
    start: async (options) => {
      const server = await TestServer.start(command)
      const cable = await Cable.to(server.port)
      const opened: Channels[] = []
      return {
        open: () => {
          const channels = redis({ ...options, url: cable.url })
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
          await server.stop()
        },
      }
    },
  })
}
