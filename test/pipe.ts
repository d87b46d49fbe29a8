// A pipe whose reader is the test, which can stall.

import { spawnSync } from 'node:child_process'
import { closeSync, constants, openSync, readSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const MIB = 1024 * 1024

/** A pipe for a child process, which gets `fd` as its stdout or stderr. */
export class Pipe {
  readonly fd: number
  readonly #folder: string

  private constructor(folder: string, fd: number) {
    this.#folder = folder
    this.fd = fd
  }

  static async make(): Promise<Pipe> {
    const folder = await mkdtemp(join(tmpdir(), 'isthmus-pipe-'))
    const path = join(folder, 'pipe')
    spawnSync('mkfifo', [path])
    return new Pipe(folder, openSync(path, constants.O_RDWR | constants.O_NONBLOCK))
  }

  /** Reads until `isEnough`, or until no byte comes for two seconds. */
  async read(isEnough: (text: string) => boolean): Promise<string> {
    const buffer = Buffer.alloc(MIB)
    let text = ''
    for (let idle = 0; idle < 200 && !isEnough(text); idle += 1) {
      const length = this.#readSome(buffer)
      if (length > 0) idle = 0
      text += buffer.toString('latin1', 0, length)
      if (length === 0) await delay(10)
    }
    return text
  }

  #readSome(buffer: Buffer): number {
    try {
      return readSync(this.fd, buffer)
    } catch {
      return 0
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    closeSync(this.fd)
    await rm(this.#folder, { recursive: true })
  }
}
