// Where a thread is stuck: its stack, taken by the inspector while it runs.

import { Session } from 'node:inspector'

const MAX_WAIT_MS = 500

interface CallFrame {
  functionName: string
  url: string
  location: { lineNumber: number; columnNumber: number }
}

/**
 * The stack of the code that a thread is running, as text; undefined when it did not answer within half a
 * second, as a thread does not that waits in `Atomics.wait`.
 */
export function sampleStack(threadId: number): Promise<string | undefined> {
  const session = new Session()
  session.connect()
  return new Promise<string | undefined>((resolve) => {
    const timer = setTimeout(() => resolve(undefined), MAX_WAIT_MS)
    session.on('NodeWorker.attachedToWorker', ({ params }) => {
      if (params.workerInfo.workerId === String(threadId)) pause(session, params.sessionId)
    })
    session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => {
      const { method, params: event } = JSON.parse(params.message) as {
        method?: string
        params: { callFrames: CallFrame[] }
      }
      if (method !== 'Debugger.paused') return
      clearTimeout(timer)
      resolve(event.callFrames.map(frameText).join('\n'))
    })
    session.post('NodeWorker.enable', { waitForDebuggerOnStart: false })
  }).finally(() => session.disconnect())
}

function pause(session: Session, sessionId: string): void {
  for (const [id, method] of ['Debugger.enable', 'Debugger.pause'].entries()) {
    const message = JSON.stringify({ id, method })
    session.post('NodeWorker.sendMessageToWorker', { sessionId, message })
  }
}

function frameText({ functionName, url, location }: CallFrame): string {
  const { lineNumber, columnNumber } = location
  return `    at ${functionName || '<anonymous>'} (${url}:${lineNumber + 1}:${columnNumber + 1})`
}
