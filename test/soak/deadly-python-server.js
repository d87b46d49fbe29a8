// The server of python-deaths.ts: an echo on the event loop, and the apps of deadly_python.py in two processes each.
// Arguments: the program of Python, and the file of the journal.

import { fileURLToPath } from 'node:url'
import { mount, python, serve, websocket } from 'isthmus'
import { ready } from '../../benchmarks/servers/ready.js'

const [program, journal] = process.argv.slice(2)
const options = {
  python: program,
  cwd: fileURLToPath(new URL('.', import.meta.url)),
  env: { ...process.env, JOURNAL: journal },
  processes: 2,
}
const app = mount({
  '/echo': websocket(async (socket) => {
    for await (const message of socket) await socket.send(message)
  }),
  '/asgi': python('deadly_python:asgi', options),
  '/wsgi': python('deadly_python:wsgi', options),
})
const { url } = await serve(app, { port: 0, log: null })
ready(url)
