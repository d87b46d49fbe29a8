// memory(): the suite of all channels.

import { memory } from 'isthmus/channels'
import { describeChannels } from '../suite.ts'
import { ONE_PROCESS } from '../suite/subject.ts'

describeChannels({
  name: 'memory()',
  gaps: { interrupt: 'it has no connection', restart: 'it ends with its process' },
  start: (options) => {
    const channels = memory(options)
    return Promise.resolve({
      ...ONE_PROCESS,
      open: () => Promise.resolve(channels),
      stop: () => channels.close(),
    })
  },
})
