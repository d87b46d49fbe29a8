// The new app has the route alone, the Express app has lost it, and the orders are live.

import { threads } from 'isthmus'
import { ordersApi } from '../orders/api.ts'
import { board, live } from './board.ts'
import type { MountTable } from 'isthmus'

const shop = threads(new URL('../shop/pages.js', import.meta.url), {
  style: 'node',
  export: 'shop',
})

const app: MountTable = { '/api/orders': ordersApi, '/board': board, '/live': live, '/': shop }
export default app
