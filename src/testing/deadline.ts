// The deadline that every wait of the test client has.

import { DeadlinePassed } from './faults.ts'

/**
 * Settles as `promise` does, or rejects once `deadlineMs` have passed.
 *
 * @param what is asked for the name of what was waited for, when it did not come
 * @throws {@link DeadlinePassed} `ISTHMUS_TEST_DEADLINE`
 */
export async function within<Value>(
  promise: Promise<Value>,
  deadlineMs: number,
  what: () => string,
): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const passed = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new DeadlinePassed(what(), deadlineMs)), deadlineMs)
  })
  try {
    return await Promise.race([promise, passed])
  } finally {
    clearTimeout(timer)
  }
}
