// The changes of a migration that the page sends. The server accepts them from its own pages only.

import { refusalOf } from './polling.js'

/**
 * @param {string} path the path of the migration
 * @param {number} share from 0 to 1
 */
export function setShare(path, share) {
  return send('PATCH', `migrations?path=${encodeURIComponent(path)}`, { share })
}

/** @param {string} path the path of the migration */
export function rollBack(path) {
  return send('POST', `migrations/rollback?path=${encodeURIComponent(path)}`, {})
}

/**
 * @param {string} method
 * @param {string} address
 * @param {object} body
 * @returns {Promise<void>}
 */
async function send(method, address, body) {
  const response = await fetch(address, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }).catch(() => {
    throw new Error('The server does not answer')
  })
  if (!response.ok) throw new Error(await refusalOf(response))
}
