// The whole desk: a table of three apps, one of each style, and the client of the page.

import { clientScript } from 'isthmus/channels'
import { board } from './board.ts'
import { desk } from './desk.ts'
import { feed } from './feed.ts'
import type { MountTable } from 'isthmus'

const app: MountTable = {
  '/board': board,
  '/feed': feed,
  '/live.js': clientScript(),
  '/': desk,
}

export default app
