// A breach of a contract: the party that broke it, the rule, the fact, and the remedy.

import { AppError, LintError } from '../errors.ts'

/** A party of the interface that can break its contract. */
export type Party = 'app' | 'server' | 'middleware'

/** The two sides of the interface that lint checks. */
export interface Parties {
  /** The side that is called. */
  app: Party
  /** The side that calls. */
  server: Party
}

/** Makes the error for one breach: `<party> broke <rule>: <fact>; <remedy>`. */
export function breach(party: Party, rule: string, fact: string, remedy: string): LintError {
  return new LintError(`${party} broke ${rule}: ${fact}; ${remedy}`)
}

/**
 * Runs a check of the server's own code. An {@link AppError} that it throws becomes a breach of `rule`; the message
 * of an AppError names the remedy already.
 */
export function asBreach<Result>(party: Party, rule: string, check: () => Result): Result {
  try {
    return check()
  } catch (error) {
    if (!(error instanceof AppError) || error instanceof LintError) throw error
    throw new LintError(`${party} broke ${rule}: ${error.message}`, { cause: error })
  }
}

/**
 * Passes an event to the exchange that knows the legal order. Each error of the exchange becomes a breach by the app;
 * the message of the error names the events that are legal instead.
 */
export function asEventBreach<Command>(accept: () => Command): Command {
  try {
    return accept()
  } catch (error) {
    const fact = error instanceof Error ? error.message : String(error)
    throw new LintError(`app broke the legality of events: ${fact}`, { cause: error })
  }
}
