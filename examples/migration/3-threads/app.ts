// The shop runs in the threads of isthmus: no second process, and the event loop is free.

import { threads } from 'isthmus'
import type { MountTable } from 'isthmus'

const shop = threads(new URL('../shop/app.js', import.meta.url), { style: 'node' })

const app: MountTable = { '/': shop }
export default app
