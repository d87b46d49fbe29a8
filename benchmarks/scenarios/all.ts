// The scenarios, in the order in which they run and are shown.

import { adapters } from './adapters.ts'
import { json, post, stream, upload } from './bodies.ts'
import { channels } from './channels.ts'
import { costs } from './costs.ts'
import { echo } from './echo.ts'
import { fanout } from './fanout.ts'
import { hello, throughput } from './hello.ts'
import { http2 } from './http2.ts'
import { idleSockets } from './idle-sockets.ts'
import { matrix } from './matrix.ts'
import { memory } from './memory.ts'
import { migrate } from './migrate.ts'
import { besideExpress, mixed } from './mixed.ts'
import { pythonApps } from './python.ts'
import { proxy } from './proxy.ts'
import { saturation } from './saturation.ts'
import { slowClients } from './slow-clients.ts'
import { startup } from './startup.ts'
import { workers } from './workers.ts'
import type { Scenario } from './scenario.ts'

export const SCENARIOS: readonly Scenario[] = [
  hello,
  throughput,
  mixed,
  besideExpress,
  matrix,
  adapters,
  json,
  post,
  stream,
  upload,
  http2,
  echo,
  fanout,
  channels,
  pythonApps,
  proxy,
  saturation,
  slowClients,
  migrate,
  workers,
  memory,
  costs,
  idleSockets,
  startup,
]

/** The scenario of that name. @throws Error, with the names that there are */
export function scenarioOf(id: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.id === id)
  if (found !== undefined) return found
  const names = SCENARIOS.map((scenario) => scenario.id).join(', ')
  throw new Error(`there is no scenario "${id}"; there are ${names}`)
}
