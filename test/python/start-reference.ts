// gunicorn for WSGI and uvicorn for ASGI, as processes: the reference of behaviour.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { settlesWithin } from '../../src/waiting/settles-within.ts'
import { freePort } from '../raw/free-port.ts'
import type { ChildProcess } from 'node:child_process'
import type { Running, Start } from './running.ts'

/** Starts the server of the interface, and waits until it accepts. */
export async function startReference(spec: string, start: Start): Promise<Running> {
  const port = await freePort()
  const child = spawn(start.python, commandLine(spec, port, start), {
    cwd: start.cwd,
    env: { ...process.env, ...start.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const take = (text: string): void => void (output += text)
  child.stdout.setEncoding('utf8').on('data', take)
  child.stderr.setEncoding('utf8').on('data', take)

  const end = Date.now() + 30_000
  while (!(await accepts(port))) {
    if (child.exitCode !== null || Date.now() > end) {
      child.kill('SIGKILL')
      throw new Error(`${spec} does not start: ${output}`)
    }
    await setTimeout(30)
  }
  return { port, output: () => output, close: () => stop(child) }
}

function commandLine(spec: string, port: number, start: Start): string[] {
  if (start.interface === 'asgi')
    return ['-m', 'uvicorn', '--host', '127.0.0.1', '--port', `${port}`, spec]
  const server = ['-m', 'gunicorn', '--bind', `127.0.0.1:${port}`, '--graceful-timeout', '2']
  const workers = ['--workers', `${start.processes ?? 1}`, '--threads', `${start.threads ?? 1}`]
  return [...server, ...workers, spec]
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const opened = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
  })
  socket.destroy()
  return opened
}

// uvicorn of Debian waits for its clients for ever after the first signal.
async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  if (await settlesWithin(exited, 4_000)) return
  child.kill('SIGTERM')
  if (await settlesWithin(exited, 2_000)) return
  child.kill('SIGKILL')
  await exited
}
