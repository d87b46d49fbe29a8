// The part of a body that is left when its response ends.

import { PeerError } from '../../errors.ts'
import type { CgiReader } from './protocol.ts'
import type { CgiWriter } from './cgi-writer.ts'

/** Drops the part of the body that has arrived. True: the body is complete. */
export function dropArrived(reader: CgiReader, writer: CgiWriter): boolean {
  try {
    for (let step = reader.next(); step !== null; step = reader.next()) {
      if (step.type === 'body-end') return true
      if (step.type === 'reply') writer.reply(step.bytes)
    }
  } catch (error) {
    if (!(error instanceof PeerError)) throw error
  }
  return false
}
