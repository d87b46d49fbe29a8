// The answer to a request of the hostile soak: each byte depends on the request, so that a wrong answer shows.

import { createHash } from 'node:crypto'

/**
 * @param {string} token a text that no other request has
 * @param {Uint8Array} body the body of the request
 * @param {number} size the bytes of the answer
 * @returns {string}
 */
export function answerTo(token, body, size) {
  const digest = createHash('sha256').update(token).update(body).digest('hex')
  return `${token} ${digest} `.repeat(Math.ceil(size / (token.length + 66))).slice(0, size)
}
