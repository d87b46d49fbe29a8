// The subjects under test: every style in every hosting on every engine. A new subject is one line.

import { events, iterable, sync } from 'isthmus'
import { NO_PYTHON, SKIPPED } from '../python/program.ts'
import { http2Host, outerHttp2Host } from './http2-host.ts'
import { behindRemote } from './behind-remote.ts'
import { gatewayHost } from './gateway-host.ts'
import { inPython } from './in-python.ts'
import { inThreads } from './in-threads.ts'
import { memoryHost } from './memory-host.ts'
import { socketHost } from './socket-host.ts'
import type { App } from 'isthmus'
import type { Trio } from './apps.ts'
import type { Engine } from './host.ts'

/** The abilities that a subject may lack; the value is the reason. */
export interface Gaps {
  /** The subject cannot wait in the middle of its answer. */
  waiting?: string
  /** The app does not learn the path at which it is mounted. */
  mounting?: string
  /** The fields of a response come in another order. */
  order?: string
  /** The machine cannot run the subject at all. */
  all?: string
}

/** A style in a hosting on an engine. */
export interface Subject {
  name: string
  /** The app in this style, hosted in this way. */
  host: (trio: Trio) => App
  engine: Engine
  gaps: Gaps
}

const PYTHON: Gaps = NO_PYTHON === undefined ? {} : { all: NO_PYTHON }
const ALONE: Gaps = { waiting: 'an inline sync app has the event loop to itself' }

const ELSEWHERE: Gaps = { mounting: 'the mount is in another server than the app' }

const GROUPED: Gaps = { order: 'node:http2 writes the fields with the same name together' }

const inline = (trio: Trio): App => sync(trio.sync)
const threaded = (trio: Trio): App => inThreads(trio.recipe, 'sync')
const iterableInThreads = (trio: Trio): App => inThreads(trio.recipe, 'iterable')
const eventsInThreads = (trio: Trio): App => inThreads(trio.recipe, 'events')
const wsgi = (trio: Trio): App => inPython(trio.recipe, 'wsgi')
const asgi = (trio: Trio): App => inPython(trio.recipe, 'asgi')
const awaiting = (trio: Trio): App => iterable(trio.iterable)
const native = (trio: Trio): App => events(trio.events)

const elsewhere = (trio: Trio): App => behindRemote(native(trio))

const overSocket = socketHost('native')
const overNode = socketHost('node')
const overScgi = gatewayHost('scgi')
const overFastCgi = gatewayHost('fastcgi')

/** All subjects. An app elsewhere, in a thread or in a process, sees events and no engine: `node:http` needs it no second time. */
export const SUBJECTS: Subject[] = [
  { name: 'sync, inline, in memory', host: inline, engine: memoryHost, gaps: ALONE },
  { name: 'sync, in threads, in memory', host: threaded, engine: memoryHost, gaps: {} },
  {
    name: 'iterable, in threads, in memory',
    host: iterableInThreads,
    engine: memoryHost,
    gaps: {},
  },
  { name: 'events, in threads, in memory', host: eventsInThreads, engine: memoryHost, gaps: {} },
  { name: 'iterable, in memory', host: awaiting, engine: memoryHost, gaps: {} },
  { name: 'events, in memory', host: native, engine: memoryHost, gaps: {} },
  { name: 'sync, inline, over a socket', host: inline, engine: overSocket, gaps: ALONE },
  { name: 'sync, in threads, over a socket', host: threaded, engine: overSocket, gaps: {} },
  {
    name: 'iterable, in threads, over a socket',
    host: iterableInThreads,
    engine: overSocket,
    gaps: {},
  },
  {
    name: 'events, in threads, over a socket',
    host: eventsInThreads,
    engine: overSocket,
    gaps: {},
  },
  { name: 'iterable, over a socket', host: awaiting, engine: overSocket, gaps: {} },
  { name: 'events, over a socket', host: native, engine: overSocket, gaps: {} },
  { name: 'sync, inline, over node:http', host: inline, engine: overNode, gaps: ALONE },
  { name: 'iterable, over node:http', host: awaiting, engine: overNode, gaps: {} },
  { name: 'events, over node:http', host: native, engine: overNode, gaps: {} },
  { name: 'iterable, over SCGI', host: awaiting, engine: overScgi, gaps: {} },
  { name: 'events, over SCGI', host: native, engine: overScgi, gaps: {} },
  { name: 'sync, inline, over FastCGI', host: inline, engine: overFastCgi, gaps: ALONE },
  { name: 'events, over FastCGI', host: native, engine: overFastCgi, gaps: {} },
  {
    name: 'sync, inline, over HTTP/2',
    host: inline,
    engine: http2Host,
    gaps: { ...ALONE, ...GROUPED },
  },
  { name: 'iterable, over HTTP/2', host: awaiting, engine: http2Host, gaps: GROUPED },
  { name: 'events, over HTTP/2', host: native, engine: http2Host, gaps: GROUPED },
  { name: 'sync, in threads, over HTTP/2', host: threaded, engine: http2Host, gaps: GROUPED },
  {
    name: 'events, in toNode() over node:http2',
    host: native,
    engine: outerHttp2Host,
    gaps: GROUPED,
  },
  { name: 'remote(), in memory', host: elsewhere, engine: memoryHost, gaps: ELSEWHERE },
  { name: 'remote(), over a socket', host: elsewhere, engine: overSocket, gaps: ELSEWHERE },
  ...inProcesses('in memory', memoryHost),
  ...inProcesses('over a socket', overSocket),
]

function inProcesses(place: string, engine: Engine): Subject[] {
  return [
    { name: `WSGI in Python, ${place}${SKIPPED}`, host: wsgi, engine, gaps: PYTHON },
    { name: `ASGI in Python, ${place}${SKIPPED}`, host: asgi, engine, gaps: PYTHON },
  ]
}
