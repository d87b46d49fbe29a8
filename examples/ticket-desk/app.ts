// The whole desk: a table of three apps, one of each style.

import { board } from './board.ts'
import { desk } from './desk.ts'
import { feed } from './feed.ts'
import type { MountTable } from 'isthmus'

const app: MountTable = {
  '/board': board,
  '/feed': feed,
  '/': desk,
}

export default app
