// Every wait of the test client has a deadline.

import { settlesWithin } from '../waiting/settles-within.ts'
import { DeadlinePassedError } from './faults.ts'

/**
 * Settles as `awaited` does, or rejects after `deadlineMs`.
 *
 * @param nameOf names the awaited thing, for the message of the error
 * @throws {@link DeadlinePassedError} `ISTHMUS_TEST_DEADLINE`
 */
export async function inTime<Value>(
  awaited: Promise<Value>,
  deadlineMs: number,
  nameOf: () => string,
): Promise<Value> {
  if (!(await settlesWithin(awaited, deadlineMs)))
    throw new DeadlinePassedError(nameOf(), deadlineMs)
  return awaited
}
