// The server of thread-deaths.ts: an echo on the event loop, and the deadly app in two threads.

import { mount, serve, threads, websocket } from 'isthmus'
import { ready } from '../../benchmarks/servers/ready.js'

const app = mount({
  '/echo': websocket(async (socket) => {
    for await (const message of socket) await socket.send(message)
  }),
  '/': threads(new URL('./deadly-app.js', import.meta.url), {
    min: 2,
    max: 2,
    timeoutMs: 1_000,
    resourceLimits: { maxOldGenerationSizeMb: 32 },
  }),
})
const { url } = await serve(app, { port: 0, log: null })
ready(url)
