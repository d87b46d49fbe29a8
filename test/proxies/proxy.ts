// A real proxy in front of upstreams: configured in a temporary directory, started, ended.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../raw/free-port.ts'
import { startChild } from './child.ts'
import { PROXIES } from './proxy-config.ts'
import { toolEnv } from './tools.ts'
import type { Child } from './child.ts'
import type { ProxyName, ProxyPlace } from './proxy-config.ts'

/** A proxy that listens. The caller stops it. */
export interface Proxy {
  url: string
  stop(): Promise<void>
}

const START_MS = 30_000
const POLL_MS = 50

/** Starts a proxy on a free port; `tls` is for nginx alone. @throws Error with the proxy's complaint if it does not listen within START_MS */
export async function startProxy(
  name: ProxyName,
  upstreams: readonly number[],
  options: Pick<ProxyPlace, 'tls' | 'timeoutMs'> = {},
): Promise<Proxy> {
  const directory = await mkdtemp(join(tmpdir(), `isthmus-${name}-`))
  const place: ProxyPlace = { port: await freePort(), upstreams, directory, ...options }
  const kind = PROXIES[name]
  await writeFile(join(directory, kind.file), kind.config(place))
  const env = { ...toolEnv(), HOME: directory }
  const child = startChild(kind.command(place), { cwd: directory, env })
  const stop = async (): Promise<void> => {
    await child.stop('SIGTERM')
    await rm(directory, { recursive: true, force: true })
  }
  try {
    await untilListening(child, place.port)
  } catch (error) {
    await stop()
    throw error
  }
  return { url: `${options.tls ? 'https' : 'http'}://127.0.0.1:${place.port}`, stop }
}

/** Waits until the child listens on `port`. @throws Error with its complaint if it does not */
export async function untilListening(child: Child, port: number): Promise<void> {
  const until = performance.now() + START_MS
  while (!(await isListening(port))) {
    const hasEnded = child.process.exitCode !== null
    if (hasEnded || performance.now() > until) {
      throw new Error(`${child.process.spawnargs.join(' ')} does not listen: ${child.complaint()}`)
    }
    await sleep(POLL_MS)
  }
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
