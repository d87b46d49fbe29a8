// The whole shop as one Express app.

import { ordersApi } from './orders-api.js'
import { shop } from './pages.js'

shop.use('/api/orders', ordersApi)

export default shop
