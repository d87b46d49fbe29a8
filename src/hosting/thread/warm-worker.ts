// The first module of a worker that is started in store: it loads the modules of a pool thread, waits for the data of a pool, and
// becomes one of its threads.

import { once } from 'node:events'
import { parentPort, workerData } from 'node:worker_threads'
import { prepareTypeScript } from '../../bridge/app-module.ts'
import { preloadEntries } from '../preload.ts'
import './event-host.ts'
import './load-target.ts'
import './sync-host.ts'
import type { MessagePort } from 'node:worker_threads'

const parent = parentPort as MessagePort
const { typescript } = workerData as { typescript: string | null }
await preloadEntries()
if (typescript !== null) await prepareTypeScript(typescript)
const given = once(parent, 'message')
parent.postMessage('warm')
const [{ data, environment }] = (await given) as [{ data: object; environment: object }]
// The variables may have changed since the start of the worker.
Object.assign(process.env, environment)
Reflect.deleteProperty(workerData as object, 'typescript')
Object.assign(workerData as object, data)
await import('./worker.ts')
