// One route has a new app. The Express app answers, and the new one gets a copy of each request: are its answers the same?

import { threads, wholePath } from 'isthmus'
import { migrate } from 'isthmus/migrate'
import { ordersApi } from '../orders/api.ts'
import type { MountTable } from 'isthmus'

const shop = threads(new URL('../shop/app.js', import.meta.url), { style: 'node' })

const orders = migrate({
  // The shop knows its routes by their whole path, and a mount takes its prefix off.
  from: wholePath(shop),
  to: ordersApi,
  share: 0,
  // `asOf` differs in each answer. The second copy, to the Express app, shows that.
  shadow: { rate: 1, baseline: true },
  compare: { body: 'json' },
})

const app: MountTable = { '/api/orders': orders, '/': shop }
export default app
