// The shop runs as before, and isthmus forwards each request to the shop.

import { remote } from 'isthmus/adapters'
import type { MountTable } from 'isthmus'

const shop = remote(process.env['SHOP_URL'] ?? 'http://127.0.0.1:3000')

const app: MountTable = { '/': shop }
export default app
