// A breach of the sync contract: who broke which rule, how, and what to do instead.

import { AppError, LintError } from '../../errors.ts'

/** Who stands on a side of the interface. */
export type Party = 'app' | 'server' | 'middleware'

/** The two sides of the interface that a lint stands between. */
export interface Parties {
  /** Who is called. */
  app: Party
  /** Who calls. */
  server: Party
}

/** Builds the error to throw: `"<who> broke <rule>: <what>; <remedy>"`. */
export function breach(who: Party, rule: string, what: string, remedy: string): LintError {
  return new LintError(`${who} broke ${rule}: ${what}; ${remedy}`)
}

/**
 * Runs a check of the real thing; the {@link AppError} that it throws becomes a breach of `rule`.
 * The message of an AppError names the remedy already.
 */
export function asBreach<Result>(who: Party, rule: string, check: () => Result): Result {
  try {
    return check()
  } catch (error) {
    if (!(error instanceof AppError) || error instanceof LintError) throw error
    throw new LintError(`${who} broke ${rule}: ${error.message}`, { cause: error })
  }
}
