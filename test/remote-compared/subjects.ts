// The proxies that are compared, each started for one case.

import { serve } from 'isthmus'
import { remote } from 'isthmus/adapters'
import { startProxy } from '../proxies/proxy.ts'

/** The columns of the table. */
export const SUBJECTS = ['isthmus', 'nginx', 'haproxy'] as const

/** A column of the table. */
export type SubjectName = (typeof SUBJECTS)[number]

/** A proxy that listens. The caller stops it. */
export interface Subject {
  port: number
  stop: () => Promise<void>
}

const USUAL_MS = 60_000

/** Starts a proxy with its usual settings in front of these ports. */
export async function startSubject(
  name: SubjectName,
  ports: readonly number[],
  timeoutMs: number = USUAL_MS,
): Promise<Subject> {
  if (name === 'isthmus') return startIsthmus(ports, timeoutMs)
  const proxy = await startProxy(name, ports, { timeoutMs })
  return { port: Number(new URL(proxy.url).port), stop: () => proxy.stop() }
}

// Round robin, as the others do it: then the first request goes to the first target.
async function startIsthmus(ports: readonly number[], timeoutMs: number): Promise<Subject> {
  const targets = ports.map((port) => `http://127.0.0.1:${port}`)
  const app = remote(targets, {
    balance: 'round-robin',
    headTimeoutMs: timeoutMs,
    idleTimeoutMs: timeoutMs,
  })
  const server = await serve(app, { engine: 'native', port: 0, log: null, graceMs: 100 })
  const { port } = server.address as { port: number }
  return { port, stop: async () => void (await server.close()) }
}
