// The call of a sync or async-iterable app under lint.

import { describe } from '../../sync/chunk.ts'
import { breach } from '../breach.ts'
import type { Party } from '../breach.ts'

const CALL = 'PEP 3333 (The Application/Framework Side)'

/**
 * Checks how the app was called.
 *
 * @param count the number of arguments
 * @param startResponse the second argument
 * @param party the caller of the app, for messages
 * @throws {@link LintError} `ISTHMUS_LINT`
 */
export function checkCall(count: number, startResponse: unknown, party: Party): void {
  if (count !== 2) {
    const fact = `the app was called with ${count} arguments`
    throw breach(party, CALL, fact, 'call it with environ and startResponse only')
  }
  if (typeof startResponse === 'function') return
  const fact = `the second argument of the app is ${describe(startResponse)}`
  throw breach(party, CALL, fact, 'call it with environ and startResponse')
}
