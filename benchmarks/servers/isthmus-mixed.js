// isthmus: an echo beside the busy sync app, which is hosted in one thread, or inline with the argument `inline`.

import { mount, serve, sync, threads, websocket } from 'isthmus'
import { ready } from './ready.js'
import busyApp from './sync-work.js'

const inThread = () => threads(new URL('./sync-work.js', import.meta.url), { max: 1 })

const app = mount({
  '/echo': websocket(async (socket) => {
    for await (const message of socket) await socket.send(message)
  }),
  '/': process.argv[2] === 'inline' ? sync(busyApp) : inThread(),
})
const { url } = await serve(app, { port: 0, log: null })
ready(url)
