// An IPC channel inside one process, with the serialization of `child_process`: JSON, or the structured clone.

import { EventEmitter } from 'node:events'
import type { AttachedChild } from '../../../src/channels/cluster/children.ts'
import type { ParentEnd } from '../../../src/channels/cluster/parent-port.ts'

type Serialization = 'json' | 'advanced'

/** One end: `process` in a child, or the `ChildProcess` in its parent. */
class End extends EventEmitter {
  readonly #serialization: Serialization
  other!: End
  connected = true
  pid = 4711
  /** Letters that the other end has not read yet. */
  readonly unread: unknown[] = []
  isStopped = false

  constructor(serialization: Serialization) {
    super()
    this.#serialization = serialization
  }

  send(message: unknown, onSent?: (error: Error | null) => void): boolean {
    if (!this.connected) {
      process.nextTick(() => onSent?.(new Error('the channel is closed')))
      return false
    }
    const copy =
      this.#serialization === 'json'
        ? JSON.parse(JSON.stringify(message))
        : structuredClone(message)
    this.unread.push([copy, onSent])
    setImmediate(() => this.flush())
    return true
  }

  flush(): void {
    while (!this.other.isStopped && this.unread.length > 0) {
      const [message, onSent] = this.unread.shift() as [unknown, ((error: null) => void)?]
      onSent?.(null)
      this.other.emit('message', message)
    }
  }

  /** The process goes on after a stop. */
  resume(): void {
    this.isStopped = false
    this.other.flush()
  }

  disconnect(): void {
    for (const end of [this, this.other]) {
      end.connected = false
      end.emit('disconnect')
    }
  }
}

export interface IpcChannel {
  /** The child, in the hands of its parent. */
  child: AttachedChild & End
  /** The parent, in the hands of the child. */
  parent: ParentEnd & End
}

export function makeIpc(serialization: Serialization = 'json'): IpcChannel {
  const [child, parent] = [new End(serialization), new End(serialization)]
  child.other = parent
  parent.other = child
  return { child: child as IpcChannel['child'], parent }
}
