// Two ends of an IPC channel, in memory. Messages pass as JSON, in order and later.

import { EventEmitter } from 'node:events'

/** One end, as `process` or a `ChildProcess`. */
export class FakePeer extends EventEmitter {
  readonly pid: number
  connected = true
  other: FakePeer | undefined
  /** Settles when messages may pass. */
  gate: Promise<void> = Promise.resolve()

  constructor(pid: number) {
    super()
    this.pid = pid
  }

  send(message: unknown, _handle: undefined, _options: object, onSent: () => void): boolean {
    const text = JSON.stringify(message)
    void this.gate.then(() => {
      setImmediate(() => {
        this.other?.emit('message', JSON.parse(text))
        onSent()
      })
    })
    return true
  }

  /** The channel closes. */
  end(): void {
    this.connected = false
    this.emit('disconnect')
  }
}

/** Makes the end of a master and that of a worker with this process id. */
export function peers(pid = 1): [master: FakePeer, worker: FakePeer] {
  const ends: [FakePeer, FakePeer] = [new FakePeer(pid), new FakePeer(pid)]
  ends[0].other = ends[1]
  ends[1].other = ends[0]
  return ends
}
