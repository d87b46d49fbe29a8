// The two servers of the walk-through with Redis, started from the files of the page.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** A server in a process of its own. */
export interface ServerProcess extends AsyncDisposable {
  url: string
  /** Ends the server by SIGTERM. Resolves with its exit status. */
  stop(): Promise<number | null>
}

/** Starts `two-servers.js` of `folder` on a free port. */
export async function startServer(folder: string, redisUrl: string): Promise<ServerProcess> {
  const env = { ...process.env, PORT: '0', REDIS_URL: redisUrl }
  const child = spawn(process.execPath, ['two-servers.js'], { cwd: folder, env, timeout: 60_000 })
  const exit = once(child, 'close')
  let complaints = ''
  child.stderr.on('data', (chunk) => (complaints += String(chunk)))
  const stop = async (): Promise<number | null> => {
    child.kill('SIGTERM')
    const [status] = (await exit) as [number | null]
    return status
  }
  for await (const line of createInterface(child.stdout)) {
    const url = /listening on (\S+)/.exec(line)?.[1]
    if (url === undefined) continue
    return {
      url,
      stop,
      async [Symbol.asyncDispose]() {
        await stop()
      },
    }
  }
  throw new Error(`no line says "listening on": ${complaints}`)
}
