// All cases, in the order of the table.

import { connections } from './connections.ts'
import { failures } from './failures.ts'
import { malformed } from './malformed.ts'
import { requestBodies } from './request-bodies.ts'
import { requestFields } from './request-fields.ts'
import { responses } from './responses.ts'
import { targets } from './targets.ts'
import { webSocketCases } from './websockets.ts'
import type { CaseGroup } from '../case.ts'

export const GROUPS: readonly CaseGroup[] = [
  requestFields,
  targets,
  requestBodies,
  responses,
  malformed,
  failures,
  connections,
  webSocketCases,
]
