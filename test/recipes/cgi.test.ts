// The script of docs/cgi.md, behind nginx and fcgiwrap, which starts it for each request.

import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { startChild } from '../proxies/child.ts'
import { untilListening } from '../proxies/proxy.ts'
import { missing, toolEnv } from '../proxies/tools.ts'
import { freePort } from '../raw/free-port.ts'
import { nginxConfig, recipeOf } from './recipe.ts'

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const DEADLINE_MS = 60_000

const APP = `export default async function app(environ, startResponse) {
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  return [environ.REQUEST_METHOD, '|', environ.SCRIPT_NAME, '|', environ.PATH_INFO, '|', await environ['wsgi.input'].readAsync()]
}
`

it('answers each request in a process of its own', { timeout: DEADLINE_MS }, async ({ skip }) => {
  const reason = missing('nginx') ?? missing('fcgiwrap')
  skip(reason !== null, reason ?? undefined)
  const folder = await mkdtemp(join(tmpdir(), 'recipe-cgi-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const script = join(folder, 'shop')
  await writeFile(join(folder, 'app.mjs'), APP)
  await writeFile(
    script,
    recipeOf('cgi', 'sh', 'script')
      .replace('/usr/bin/node', process.execPath)
      .replace('/srv/shop/node_modules/isthmus/dist/cli/main.js', MAIN)
      .replace('/srv/shop/app.js', join(folder, 'app.mjs')),
  )
  await chmod(script, 0o755)

  const wrapper = startChild(['fcgiwrap', '-s', `unix:${folder}/wrap.sock`], { env: toolEnv() })
  onTestFinished(() => wrapper.stop())
  const port = await freePort()
  const server = `server {
    listen 127.0.0.1:${port};
    location /shop {
      include fastcgi_params;
      fastcgi_split_path_info ^(/shop)(.*)$;
      fastcgi_param SCRIPT_FILENAME ${script};
      fastcgi_param SCRIPT_NAME $fastcgi_script_name;
      fastcgi_param PATH_INFO $fastcgi_path_info;
      fastcgi_pass unix:${folder}/wrap.sock;
    }
  }`
  const file = join(folder, 'nginx.conf')
  await writeFile(file, nginxConfig(server, folder))
  const nginx = startChild(['nginx', '-p', folder, '-c', file], { env: toolEnv() })
  onTestFinished(() => nginx.stop())
  await untilListening(nginx, port)

  const url = `http://127.0.0.1:${port}/shop/a%20b?q=1`
  const signal = AbortSignal.timeout(DEADLINE_MS)
  const posted = await fetch(url, { method: 'POST', body: 'hello', signal })
  expect({ status: posted.status, text: await posted.text() }).toEqual({
    status: 200,
    text: 'POST|/shop|/a b|hello',
  })
})
