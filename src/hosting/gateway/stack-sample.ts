// The stack of a thread that does not answer. The inspector takes it while the thread runs.

import { Session } from 'node:inspector'

const MAX_WAIT_MS = 1_000

interface CallFrame {
  functionName: string
  location: { scriptId: string; lineNumber: number; columnNumber?: number | undefined }
}

type WorkerMessage =
  | { method: 'Debugger.scriptParsed'; params: { scriptId: string; url: string } }
  | { method: 'Debugger.paused'; params: { callFrames: CallFrame[] } }

/**
 * Returns the stack of the code that a thread runs, as text. Returns undefined if the thread does not answer within a
 * second: a thread in a blocking call of the system does not. The thread goes on afterwards.
 */
export async function sampleStack(threadId: number): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined
  const expired = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), MAX_WAIT_MS)
  })
  try {
    return await Promise.race([stackOf(threadId), expired])
  } finally {
    clearTimeout(timer)
  }
}

// The session stays until the thread is resumed or gone, even if the caller has stopped waiting: terminate() does not end
// a thread that is paused, and on a busy machine the pause may come late.
function stackOf(threadId: number): Promise<string | undefined> {
  const session = new Session()
  session.connect()
  // The inspector must not lose a session while it calls the session.
  const disconnect = (): void => void setImmediate(() => session.disconnect())
  let isFound = false
  return new Promise((resolve) => {
    session.on('NodeWorker.attachedToWorker', ({ params: { sessionId, workerInfo } }) => {
      // `workerId` is the number of the session. Only the title has the number of the thread.
      if (!workerInfo.title.startsWith(`[worker ${threadId}]`)) return
      isFound = true
      const urls = new Map<string, string>()
      session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => {
        if (params.sessionId !== sessionId) return
        const { method, params: event } = JSON.parse(params.message) as WorkerMessage
        if (method === 'Debugger.scriptParsed') urls.set(event.scriptId, event.url)
        if (method !== 'Debugger.paused') return
        tell(session, sessionId, 'Debugger.resume')
        disconnect()
        resolve(callStackText(event.callFrames, urls))
      })
      session.on('NodeWorker.detachedFromWorker', ({ params }) => {
        if (params.sessionId === sessionId) disconnect()
      })
      tell(session, sessionId, 'Debugger.enable')
      tell(session, sessionId, 'Debugger.pause')
    })
    session.post('NodeWorker.enable', { waitForDebuggerOnStart: false })
    if (isFound) return
    disconnect()
    resolve(undefined)
  })
}

function tell(session: Session, sessionId: string, method: string): void {
  const message = JSON.stringify({ id: 1, method })
  session.post('NodeWorker.sendMessageToWorker', { sessionId, message })
}

/**
 * The text of a stack.
 *
 * @param urls the URLs of the scripts, by their ids
 */
export function callStackText(
  frames: readonly CallFrame[],
  urls: ReadonlyMap<string, string>,
): string {
  return frames.map((frame) => frameText(frame, urls)).join('\n')
}

function frameText(
  { functionName, location }: CallFrame,
  urls: ReadonlyMap<string, string>,
): string {
  const url = urls.get(location.scriptId) ?? 'unknown'
  const line = `${url}:${location.lineNumber + 1}:${(location.columnNumber ?? 0) + 1}`
  return `    at ${functionName || '<anonymous>'} (${line})`
}
