// The pages of the shop, in Express: products, a cart in a signed cookie, an order. It knows nothing of isthmus.

import { fileURLToPath } from 'node:url'
import cookieSession from 'cookie-session'
import express from 'express'
import { readOrders, saveOrder } from './orders.js'
import { MOST_UNITS, PRODUCTS, priceOf, unitsOf } from './prices.js'

export const shop = express()

shop.use(express.static(fileURLToPath(new URL('public', import.meta.url))))
shop.use(express.urlencoded())
shop.use(
  cookieSession({
    name: 'cart',
    secret: process.env.SHOP_SECRET ?? 'the same text in every process and thread',
    sameSite: 'lax',
  }),
)

shop.get('/', (_req, res) => {
  const rows = Object.entries(PRODUCTS).map(
    ([id, { name, cents }]) => `<li>${name}, ${euros(cents)} ${form('/cart', id)}</li>`,
  )
  res.send(page('Products', `<ul>${rows.join('')}</ul><a href="/cart">Cart</a>`))
})

shop.post('/cart', (req, res) => {
  const { product, units = '1' } = req.body ?? {}
  if (!Object.hasOwn(PRODUCTS, product)) return refuse(res, 'there is no such product')
  if (!/^[1-9]\d?$/.test(units)) return refuse(res, 'units is a number from 1 to 99')

  const cart = { ...req.session.cart }
  cart[product] = (cart[product] ?? 0) + Number(units)
  if (unitsOf(cart).length > MOST_UNITS) return refuse(res, `a cart takes ${MOST_UNITS} units`)
  req.session.cart = cart
  res.redirect(303, '/cart')
})

shop.get('/cart', (req, res) => {
  const { cart = {} } = req.session
  const body = `${table(cart, priceOf(cart))}
    <form method="post" action="/orders"><input name="name" placeholder="Your name" required> <button>Order</button></form>`
  res.send(page('Cart', body))
})

shop.post('/orders', (req, res) => {
  const { cart = {} } = req.session
  const name = String(req.body?.name ?? '')
    .trim()
    .slice(0, 80)
  if (name === '') return refuse(res, 'an order needs a name')
  if (unitsOf(cart).length === 0) return refuse(res, 'the cart is empty')

  const order = saveOrder({ name, cart, price: priceOf(cart) })
  req.session = null
  res.redirect(303, `/orders/${order.id}`)
})

shop.get('/orders/:id', (req, res) => {
  const order = readOrders().find(({ id }) => id === req.params.id)
  if (!order) return void res.status(404).send(page('No such order', ''))
  res.send(page(`Order of ${escape(order.name)}`, table(order.cart, order.price)))
})

function refuse(res, reason) {
  res.status(400).send(page('Please go back', `<p>${reason}</p>`))
}

function page(title, body) {
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>${title}</title><link rel="stylesheet" href="/shop.css">
<h1>${title}</h1>${body}\n`
}

function form(action, id) {
  return `<form method="post" action="${action}"><button name="product" value="${id}">Into the cart</button></form>`
}

function table(cart, { parcels, total }) {
  const rows = Object.entries(cart).map(
    ([id, units]) =>
      `<tr><td>${units} × ${PRODUCTS[id].name}<td>${euros(PRODUCTS[id].cents * units)}`,
  )
  return `<table>${rows.join('')}<tr><td>Parcels<td>${euros(parcels)}<tr><td>Total<td>${euros(total)}</table>`
}

function euros(cents) {
  return `${(cents / 100).toFixed(2)} €`
}

function escape(text) {
  return text.replaceAll(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`)
}
