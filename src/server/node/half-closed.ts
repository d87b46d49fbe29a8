// A client that has ended its side before it has its responses: it may still read, or it has left. Both look alike.

import { Timer } from '../../waiting/timer-wheel.ts'
import { HALF_CLOSED_MS, STILL_TAKING_MS } from '../linger.ts'
import type { Socket } from 'node:net'
import type { TimerWheel } from '../../waiting/timer-wheel.ts'

/** Watches such a client until it takes no more of its responses: then it has left. */
export function watchHalfClosed(socket: Socket, wheel: TimerWheel, onLeft: () => void): void {
  let writtenBytes = socket.bytesWritten
  const timer = new Timer(wheel, () => {
    const isWritten = socket.bytesWritten > writtenBytes
    writtenBytes = socket.bytesWritten
    if (socket.writableLength > 0) timer.arm(STILL_TAKING_MS)
    else if (isWritten) timer.arm(HALF_CLOSED_MS)
    else onLeft()
  })
  timer.arm(HALF_CLOSED_MS)
  socket.once('close', () => timer.cancel())
}
