// One cell of the table: a case with one proxy.

import { setTimeout as sleep } from 'node:timers/promises'
import { answers } from './scripts.ts'
import { startSubject } from './subjects.ts'
import { Upstream } from './upstream.ts'
import { Wire } from './wire.ts'
import type { ComparedCase } from './case.ts'
import type { SubjectName } from './subjects.ts'

const LOOK_MS = 25_000

/** Starts the upstreams and the proxy, looks, and ends them. @returns the fact, or the error in brackets */
export async function lookAt(name: SubjectName, compared: ComparedCase): Promise<string> {
  const { upstreams: scripts = [answers], timeoutMs, look } = compared
  const upstreams = await Promise.all(scripts.map((script) => Upstream.start(script)))
  const ports = upstreams.map(({ port }) => port)
  const subject = await startSubject(name, ports, timeoutMs)
  const wires: Wire[] = []
  const client = async (): Promise<Wire> => {
    const wire = await Wire.connect(subject.port)
    wires.push(wire)
    return wire
  }
  const webSocketUrl = `ws://127.0.0.1:${subject.port}`
  const place = { client, webSocketUrl, upstreams, upstream: upstreams[0] as Upstream }
  const late = sleep(LOOK_MS, '(the look took too long)', { ref: false })
  try {
    const fact = await Promise.race([look(place), late]).catch(({ message }: Error) => message)
    return withoutPorts(fact, ports, subject.port)
  } finally {
    for (const wire of wires) wire.socket.destroy()
    await subject.stop()
    await Promise.all(upstreams.map((upstream) => upstream[Symbol.asyncDispose]()))
  }
}

function withoutPorts(fact: string, ports: readonly number[], own: number): string {
  const texts = [own, ...ports].map((port, at) => [String(port), at === 0 ? 'PROXY' : 'TARGET'])
  return texts.reduce((text, [port = '', name = '']) => text.replaceAll(port, name), fact)
}
