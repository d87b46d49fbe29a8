// An app on the gateway's event loop as a sync app for the code of a pool thread.

import { WouldDeadlockError } from '../../errors.ts'
import { statusLine } from '../../http/status-line.ts'
import { ThreadCall } from './call.ts'
import { runningRequest } from './call-stack.ts'
import type { Chunk, StartResponse, SyncApp, SyncBody } from '../../contract/environ.ts'
import type { CalledApp, PartMessage } from '../protocol/messages.ts'

/**
 * Makes a sync app of `app`. It blocks until the head has arrived, and then for each chunk.
 *
 * @throws {@link WouldDeadlockError} (`ISTHMUS_WOULD_DEADLOCK`), from the app, outside of requests in pool threads
 */
export function callApp(app: CalledApp): SyncApp {
  return (environ, startResponse) => {
    const caller = runningRequest()
    if (!caller) {
      throw new WouldDeadlockError(
        'a blocking call on the event loop would wait for work that only the loop can do; call it in code that threads() hosts',
      )
    }
    const call = new ThreadCall(app, environ, caller)
    try {
      return bodyOf(call, begin(call, startResponse))
    } catch (error) {
      call.close()
      throw error
    }
  }
}

function begin(call: ThreadCall, startResponse: StartResponse): PartMessage | null {
  const first = call.next()
  if (!first?.head) return first
  const { status, headers } = first.head
  startResponse(statusLine(status), headers)
  return first
}

function bodyOf(call: ThreadCall, first: PartMessage | null): SyncBody {
  // The body is whole: its length is known, and it can cross in one part.
  if (first?.end && first.chunk !== null) {
    call.close()
    return [first.chunk]
  }
  return { [Symbol.iterator]: () => chunksOf(call, first), close: () => call.close() }
}

function* chunksOf(call: ThreadCall, first: PartMessage | null): Generator<Chunk> {
  for (let part = first; part; part = call.next()) if (part.chunk !== null) yield part.chunk
}
