// The projects of a new user, each a folder beside the installed package.

import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import { Started } from '../cli/started.ts'
import type { Place } from '../cli/started.ts'

const ANSWER_MS = 30_000

/** The scripts of a package.json, and its type: `npm init -y` writes `commonjs`, or no type in older versions. */
export interface Manifest {
  type?: 'commonjs' | 'module'
  scripts?: Record<string, string>
}

/** A folder below the one in which the package is installed. */
export class Project {
  readonly folder: string
  readonly #commands: string

  constructor(home: string, name: string) {
    this.folder = join(home, name)
    this.#commands = join(home, 'node_modules/.bin')
  }

  /** Writes the package.json and the files, by their names. */
  async write(manifest: Manifest, files: Record<string, string>): Promise<void> {
    await mkdir(this.folder, { recursive: true })
    const texts = { 'package.json': JSON.stringify({ name: 'shop', ...manifest }), ...files }
    for (const [name, text] of Object.entries(texts)) await writeFile(join(this.folder, name), text)
  }

  /** Starts a command of an installed package. The server takes a free port. The caller disposes of the command. */
  start(command: string, words: readonly string[], place: Partial<Place> = {}): Started {
    return this.run(join(this.#commands, command), words, place)
  }

  /** Starts a command of the system. */
  run(command: string, words: readonly string[], place: Partial<Place> = {}): Started {
    const env = { ISTHMUS_PORT: '0', ...place.env }
    return new Started(command, words, { cwd: this.folder, ...place, env })
  }
}

/** The text of an answer. */
export async function ask(url: string, headers: Record<string, string> = {}): Promise<string> {
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(ANSWER_MS) })
  return await response.text()
}

/** The message that comes back on a WebSocket. */
export async function echo(url: string, message: string): Promise<string> {
  const signal = AbortSignal.timeout(ANSWER_MS)
  const socket = new WebSocket(url.replace('http:', 'ws:'))
  await once(socket, 'open', { signal })
  socket.send(message)
  const [answer] = await once(socket, 'message', { signal })
  socket.terminate()
  return String(answer)
}
