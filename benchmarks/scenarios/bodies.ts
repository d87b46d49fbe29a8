// Bodies, either way.

import { GET, httpScenario } from './http.ts'
import { FRAMEWORKS, NODE_HTTP, STYLES } from './servers.ts'
import type { Scenario } from './scenario.ts'

const MIB = 1024 * 1024
const SHARED = {
  control: NODE_HTTP.name,
  node: [NODE_HTTP, ...FRAMEWORKS, ...STYLES],
  python: ['uvicorn', 'gthread'] as const,
}
const OCTETS = ['Content-Type: application/octet-stream']
const TEXT = ['Content-Type: text/plain']

export const json: Scenario = httpScenario({
  ...SHARED,
  id: 'json',
  title: 'JSON of 10 KB',
  about: 'An object of a hundred items, serialised for every request.',
  exchanges: { get: { ...GET, path: '/json', answerBytes: 10_240, label: 'GET' } },
  quick: [],
})

export const post: Scenario = httpScenario({
  ...SHARED,
  id: 'post',
  title: 'POST of 10 KB, echoed',
  about: 'The app reads the whole body and sends it back.',
  exchanges: {
    post: {
      ...GET,
      path: '/echo',
      headers: TEXT,
      bodyBytes: 10_240,
      answerBytes: 10_240,
      label: 'POST',
    },
  },
  quick: ['post'],
})

export const stream: Scenario = httpScenario({
  ...SHARED,
  id: 'stream',
  title: '1 MiB, streamed in 64 chunks',
  about: 'The app yields or sends 16 KiB at a time and says no length.',
  exchanges: {
    get: { ...GET, connections: 8, path: '/stream', answerBytes: MIB, label: 'GET' },
  },
  quick: [],
})

export const upload: Scenario = httpScenario({
  ...SHARED,
  id: 'upload',
  title: 'Upload of 10 MiB',
  about:
    'The app reads the body in pieces and answers with its length. An inline sync app cannot wait for bytes, so its body ' +
    'is spooled, above 1 MiB to a temporary file.',
  exchanges: {
    post: {
      ...GET,
      // Unfinished requests cost CPU time and are not counted: so only a few run at a time.
      connections: 2,
      path: '/upload',
      headers: OCTETS,
      bodyBytes: 10 * MIB,
      answerBytes: 8,
      label: 'POST',
    },
  },
  quick: [],
})
