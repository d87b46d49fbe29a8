// The Express app in two threads and the board on the event loop, on one port.

import { threads } from 'isthmus'
import { board } from './board.ts'
import type { MountTable } from 'isthmus'

const app: MountTable = {
  '/board': board,
  '/': threads(new URL('./shop.js', import.meta.url), { style: 'node', min: 2, max: 2 }),
}

export default app
