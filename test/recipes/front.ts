// A real proxy with a recipe of a page, in front of a server of the test.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve } from 'isthmus'
import { startChild } from '../proxies/child.ts'
import { untilListening } from '../proxies/proxy.ts'
import { toolEnv } from '../proxies/tools.ts'
import { freePort } from '../raw/free-port.ts'
import { nginxConfig, placed, recipeOf } from './recipe.ts'
import { app } from './recipe-app.ts'
import type { ServeOptions, Server } from 'isthmus'

/** A recipe: its page, its program, its name, and the options of the server that the page tells. */
export interface Recipe {
  page: 'cgi' | 'production' | 'proxies'
  program: 'nginx' | 'haproxy'
  name: string
  options: ServeOptions & { isUnix?: boolean }
}

/** A proxy and its server. The test disposes of both. */
export interface Front extends AsyncDisposable {
  url: string
  port: number
  server: Server
}

/** Starts the server, and after it the proxy. */
export async function startFront({ page, program, name, options }: Recipe): Promise<Front> {
  const directory = await mkdtemp(join(tmpdir(), `recipe-${name}-`))
  const socket = join(directory, 'app.sock')
  const { isUnix = false, ...others } = options
  const place = isUnix ? { uds: socket } : { port: 0 }
  const server = await serve(app, { ...others, ...place, log: null, keepAliveTimeoutMs: 75_000 })
  const front = await freePort()
  const { address } = server
  const port = 'port' in address ? address.port : 0
  const recipe = placed(recipeOf(page, program, name), { front, port, socket })
  const isNginx = program === 'nginx'
  const file = join(directory, isNginx ? 'nginx.conf' : 'haproxy.cfg')
  await writeFile(file, isNginx ? nginxConfig(recipe, directory) : recipe)
  await writeFile(join(directory, 'shop.htpasswd'), 'anna:{PLAIN}secret\n')
  const command = isNginx ? ['nginx', '-p', directory, '-c', file] : ['haproxy', '-db', '-f', file]
  const child = startChild(command, { cwd: directory, env: toolEnv() })
  const stop = async (): Promise<void> => {
    await child.stop('SIGTERM')
    await server.close({ graceMs: 1_000 })
    await rm(directory, { recursive: true, force: true })
  }
  try {
    await untilListening(child, front)
  } catch (error) {
    await stop()
    throw error
  }
  return { url: `http://127.0.0.1:${front}`, port: front, server, [Symbol.asyncDispose]: stop }
}
