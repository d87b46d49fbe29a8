// The steps that a reader finds in bytes that arrive in any pieces.

import { PeerError } from '../../../src/errors.ts'
import type { GatewayLimits, GatewayProtocol } from '../../../src/server/cgi/protocol.ts'

const LIMITS: GatewayLimits = { maxHeadBytes: 4096, maxConcurrency: Infinity }

/** Text for each step: `request 5 A=1`, `body …` with all adjacent bytes joined, `body-end`, `abort`, `reply <hex>`. */
export function stepsOf(
  protocol: GatewayProtocol,
  bytes: Uint8Array,
  cuts: readonly number[] = [],
  limits: Partial<GatewayLimits> = {},
): string[] {
  const { reader } = protocol({ ...LIMITS, ...limits })
  const steps: string[] = []
  const at = [0, ...cuts.toSorted((one, other) => one - other), bytes.length]
  try {
    for (let index = 1; index < at.length; index++) {
      // A copy, which is overwritten after it was read, as the memory of a held piece is.
      const piece = Buffer.from(bytes.subarray(at[index - 1], at[index]))
      reader.push(piece)
      for (let step = reader.next(); step !== null; step = reader.next()) {
        if (step.type === 'request') {
          const { bodyLength } = step
          const pairs = step.variables.map(([name, value]) => `${name}=${value}`).join(' ')
          steps.push(`request ${bodyLength} ${reader.keepsConnection ? 'keeps ' : ''}${pairs}`)
        } else if (step.type === 'body') {
          const text = Buffer.from(step.bytes).toString('latin1')
          const last = steps.at(-1)
          if (last?.startsWith('body ')) steps[steps.length - 1] = last + text
          else steps.push(`body ${text}`)
        } else if (step.type === 'reply') {
          const bytesOfReply = Buffer.from(step.bytes).toString('hex')
          steps.push(`reply ${bytesOfReply}${step.isLast ? ' last' : ''}`)
        } else steps.push(step.type)
      }
      reader.settle()
    }
  } catch (error) {
    if (!(error instanceof PeerError)) throw error
    steps.push(`${error.status} ${error.message}`)
  }
  return steps
}
