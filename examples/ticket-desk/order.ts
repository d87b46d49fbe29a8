// A posted order, read from the request body and checked.

import { findPerformance } from './programme.ts'
import type { Environ } from 'isthmus'
import type { Performance } from './programme.ts'

/** The order of a buyer. */
export interface Order {
  readonly name: string
  readonly performance: Performance
}

/** The reason for refusing an order, in words for the buyer. */
export class Refusal extends Error {
  readonly status: string

  constructor(status: string, message: string) {
    super(message)
    this.status = status
  }
}

const BODY_LIMIT_BYTES = 4096
const NAME_LIMIT = 60

/**
 * The order in a form's body.
 *
 * @throws {@link Refusal} for an impossible body, name or performance
 */
export function readOrder(environ: Environ): Order {
  const body = environ['wsgi.input'].read(BODY_LIMIT_BYTES + 1)
  if (body.length > BODY_LIMIT_BYTES) {
    throw new Refusal('413 Content Too Large', `An order has at most ${BODY_LIMIT_BYTES} bytes.`)
  }

  const form = new URLSearchParams(new TextDecoder().decode(body))
  const name = (form.get('name') ?? '').trim().replace(/\s+/g, ' ')
  if (name === '') throw refused('Please tell us the name for the ticket.')
  if (name.length > NAME_LIMIT) throw refused(`A name has at most ${NAME_LIMIT} characters.`)
  if (/[\p{Cc}\p{Noncharacter_Code_Point}]/u.test(name))
    throw refused('A name has no control characters.')

  const performance = findPerformance(form.get('performance') ?? '')
  if (performance === undefined) throw refused('Please choose one of the performances.')
  return { name, performance }
}

function refused(message: string): Refusal {
  return new Refusal('400 Bad Request', message)
}
