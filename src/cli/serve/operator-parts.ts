// The parts of a process for its operator, which are loaded only if an option asks for one.

import type { Server } from '../../server/serve.ts'
import type { ProcessOptions } from '../options-table.ts'

/** The options for the operator. */
export type OperatorOptions = Pick<ProcessOptions, 'control' | 'migrateState' | 'metrics'>

/** Whether a part for the operator needs the figures of the server. */
export function needsFigures({ control, metrics }: OperatorOptions): boolean {
  return control !== null || metrics !== null
}

/** Whether an option asks for a part. */
export function hasOperator(options: OperatorOptions): boolean {
  return needsFigures(options) || options.migrateState !== null
}

/** The parts for the operator of one process: those of a server alone, or those of a worker. */
export interface OperatorParts {
  /** Makes the changes of migrations that came before this process. */
  prepare(): Promise<void>
  /** Begins, as `server` listens. */
  open(server: Server): Promise<void>
  /** Ends around `closeServer`, and resolves with its result. */
  close<Result>(closeServer: () => Promise<Result>): Promise<Result>
}

/** No parts. */
export const NO_OPERATOR: OperatorParts = {
  prepare: () => Promise.resolve(),
  open: () => Promise.resolve(),
  close: (closeServer) => closeServer(),
}
