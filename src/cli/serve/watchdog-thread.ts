// The thread that watches the event loop of a worker. It writes the stack of the code that holds the event loop to the log.

import { Session } from 'node:inspector'
import { workerData } from 'node:worker_threads'
import { settlesWithin } from '../../waiting/settles-within.ts'
import { SERVING, TURNS } from './beats.ts'
import type { WatchdogData } from './watchdog.ts'

const CHECK_MS = 250
/** A machine that sleeps holds this thread up, too. */
const ASLEEP_MS = 2_000
const STACK_MS = 1_000

const { state, masterPid, timeoutMs, logFormat, fields } = workerData as WatchdogData
let turns = Atomics.load(state, TURNS)
let turnedAt = performance.now()
let checkedAt = turnedAt
const timer = setInterval(check, CHECK_MS)

function check(): void {
  const now = performance.now()
  const isAwake = now - checkedAt < ASLEEP_MS
  checkedAt = now
  const counted = Atomics.load(state, TURNS)
  if (counted !== turns || !isAwake || isStarting()) turnedAt = now
  turns = counted
  if (now - turnedAt < timeoutMs) return
  clearInterval(timer)
  endProcess().catch(kill)
}

// A start has its own limit, and the master ends it. A process without its master has another parent.
function isStarting(): boolean {
  return Atomics.load(state, SERVING) === 0 && process.ppid === masterPid
}

async function endProcess(): Promise<void> {
  let stack: string | undefined
  const found = mainStack().then((text) => {
    stack = text
  })
  await settlesWithin(found, STACK_MS)
  const { createLog } = await import('../log.ts')
  const { log } = await createLog('error', logFormat, fields)
  const seconds = timeoutMs / 1000
  const sentence = `the event loop stands still for ${seconds} s: the worker is ended`
  if (stack === undefined)
    log.error({}, `${sentence}; it is inside a call of the system, which has no stack`)
  else log.error({ err: withStack(stack) }, sentence)
  kill()
}

function withStack(stack: string): Error {
  const error = new Error('the event loop stands still')
  return Object.assign(error, { stack: `${String(error)}\n${stack}` })
}

// It is never resumed: the process ends.
async function mainStack(): Promise<string> {
  const { callStackText } = await import('../../hosting/gateway/stack-sample.ts')
  const session = new Session()
  session.connectToMainThread()
  const urls = new Map<string, string>()
  session.on('Debugger.scriptParsed', ({ params }) => urls.set(params.scriptId, params.url))
  return new Promise((resolve) => {
    session.on('Debugger.paused', ({ params }) => resolve(callStackText(params.callFrames, urls)))
    session.post('Debugger.enable')
    session.post('Debugger.pause')
  })
}

function kill(): void {
  process.kill(process.pid, 'SIGKILL')
}
