// The corpus: bytes that a client may send on one connection, and the outcome, the same for every engine.

import { attacks } from './attacks.ts'
import { chunks } from './chunks.ts'
import { connections } from './connections.ts'
import { fields } from './fields.ts'
import { lengths } from './lengths.ts'
import { limits } from './limits.ts'
import { requestLines } from './request-lines.ts'
import { sequences } from './sequences.ts'
import { targets } from './targets.ts'
import type { CorpusCase } from './case.ts'

/** All cases by topic. */
export const CORPUS: Record<string, readonly CorpusCase[]> = {
  'request lines': requestLines,
  'targets and hosts': targets,
  fields,
  connections,
  lengths,
  chunks,
  limits,
  sequences,
  attacks,
}
