// A WebSocket app that returns each message in upper case.
//
//   npx isthmus serve examples/websocket.ts
//
// Then, in the console of a browser:
//
//   socket = new WebSocket('ws://127.0.0.1:8000'); socket.onmessage = (event) => console.log(event.data)
//   socket.send('hello')

import { websocket } from 'isthmus'
import type { EventApp } from 'isthmus'

const app: EventApp = websocket(async (socket) => {
  for await (const message of socket) {
    await socket.send(typeof message === 'string' ? message.toUpperCase() : message)
  }
})

export default app
