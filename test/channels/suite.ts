// One behaviour, many brokers: each implementation of channels runs these cases.

import { afterEach, beforeEach, describe } from 'vitest'
import { describeBrokenBroker } from './suite/broken-broker.ts'
import { describeHistory, HISTORIES } from './suite/history.ts'
import { describeMessages } from './suite/messages.ts'
import { describeSlowConsumers } from './suite/slow-consumers.ts'
import { soon } from './suite/subject.ts'
import type { ChannelsBench, ChannelsSubject } from './suite/subject.ts'

/** Declares all cases for a subject. Each case gets a broker of its own. */
export function describeChannels({ name, gaps, start }: ChannelsSubject): void {
  describe.skipIf(gaps.all !== undefined).each([name])('%s', () => {
    let bench: ChannelsBench
    beforeEach(async () => {
      bench = await soon(start({ history: HISTORIES }), 'start')
    })
    afterEach(() => soon(bench.stop(), 'stop'))

    describeMessages(() => bench)
    describeHistory(() => bench)
    describeSlowConsumers(() => bench)
    describeBrokenBroker(() => bench, gaps)
  })
}
