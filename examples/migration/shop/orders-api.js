// The orders as JSON, in Express: the route that moves.

import { Router } from 'express'
import { readOrders } from './orders.js'

export const ordersApi = Router()

ordersApi.get('/', (_req, res) => {
  res.json({ orders: readOrders().toReversed(), asOf: new Date().toISOString() })
})

ordersApi.get('/:id', (req, res) => {
  const order = readOrders().find(({ id }) => id === req.params.id)
  if (!order) return void res.status(404).json({ error: `there is no order ${req.params.id}` })
  res.json({ ...order, asOf: new Date().toISOString() })
})
