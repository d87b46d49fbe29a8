// The deadline that every wait of the test client has.

import { settlesWithin } from '../waiting/settles-within.ts'
import { DeadlinePassedError } from './faults.ts'

/**
 * Settles as `awaited` does, or rejects once `deadlineMs` have passed.
 *
 * @param what is asked for the name of what was waited for, when it did not come
 * @throws {@link DeadlinePassedError} `ISTHMUS_TEST_DEADLINE`
 */
export async function inTime<Value>(
  awaited: Promise<Value>,
  deadlineMs: number,
  what: () => string,
): Promise<Value> {
  if (!(await settlesWithin(awaited, deadlineMs))) throw new DeadlinePassedError(what(), deadlineMs)
  return awaited
}
