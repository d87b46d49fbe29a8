// A gibibyte through a thread, in each direction: measures the longest delay of the event loop.
//
//   npm run soak:loop-delay

import { fork } from 'node:child_process'
import { answer, download, upload } from '../memory/transfer.ts'
import type { ServerAddress } from 'isthmus'

const MAX_MS = 20

const child = fork(new URL('../memory/server.ts', import.meta.url), [''], {
  execArgv: ['--import', 'tsx'],
})
const ask = (question: string): Promise<unknown> => {
  child.send(question)
  return answer(child)
}

try {
  const [, server] = (await answer(child)) as [unknown, ServerAddress]
  for (const [transfer, path] of [
    [upload, '/upload/threads'],
    [download, '/download/threads'],
  ] as const) {
    await ask('delay')
    const bytes = await transfer(server, path)
    const delayMs = (await ask('delay')) as number
    const verdict = delayMs < MAX_MS ? 'met' : 'missed'
    console.log(`${path}: ${bytes} bytes, longest delay ${delayMs.toFixed(1)} ms, ${verdict}`)
    if (delayMs >= MAX_MS) process.exitCode = 1
  }
} finally {
  child.kill('SIGKILL')
}
