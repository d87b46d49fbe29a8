// The servers of several scenarios, by the names in their tables.

import { nodeServer } from '../server-process.ts'
import { pythonServer } from '../python.ts'
import type { Python } from '../python.ts'
import type { Subject, Tools } from './scenario.ts'

/** A server without its measurement. */
export type Peer = Pick<Subject, 'name' | 'command'>

export const FLOOR: Peer = { name: 'floor: node:net, no parsing', command: nodeServer('floor.js') }
export const NODE_HTTP: Peer = { name: 'node:http', command: nodeServer('node-http.js') }

export const EXPRESS: Peer = { name: 'Express', command: nodeServer('express.js') }

/** The usual servers on Node. */
export const FRAMEWORKS: readonly Peer[] = [
  { name: 'Fastify', command: nodeServer('fastify.js') },
  { name: 'Hono', command: nodeServer('hono.js') },
  EXPRESS,
]

/** isthmus: `hosting` is a key of servers/isthmus.js. */
export function isthmus(
  name: string,
  hosting: string,
  {
    engine = 'native',
    layers = 0,
    figures = false,
    http2 = false,
  }: { engine?: string; layers?: number; figures?: boolean; http2?: boolean } = {},
): Peer {
  return {
    name: `isthmus, ${name}`,
    command: nodeServer(
      'isthmus.js',
      hosting,
      engine,
      String(layers),
      figures ? 'figures' : '',
      http2 ? 'http2' : '',
    ),
  }
}

/** isthmus in every style, on its own engine, without middleware. */
export const STYLES: readonly Peer[] = [
  isthmus('events', 'events'),
  isthmus('iterable', 'iterable'),
  isthmus('sync inline', 'inline'),
  isthmus('sync in one thread', 'thread'),
]

interface PythonPeer {
  name: string
  needs: readonly string[]
  words: readonly [file: string, ...words: string[]]
}

type PythonKey =
  | 'uvicorn'
  | 'uvicornSockets'
  | 'wsgiToAsgi'
  | 'wsgiToAsgiSockets'
  | 'gunicorn'
  | 'gthread'
  | 'gthreadOfTwo'
  | 'waitress'

const PYTHON_PEERS: Readonly<Record<PythonKey, PythonPeer>> = {
  uvicorn: { name: 'uvicorn', needs: ['uvicorn'], words: ['with_uvicorn.py'] },
  uvicornSockets: {
    name: 'uvicorn',
    needs: ['uvicorn', 'websockets|wsproto'],
    words: ['with_uvicorn.py'],
  },
  wsgiToAsgi: {
    name: 'uvicorn + WsgiToAsgi',
    needs: ['uvicorn', 'asgiref'],
    words: ['with_uvicorn.py', 'wsgi'],
  },
  wsgiToAsgiSockets: {
    name: 'uvicorn + WsgiToAsgi',
    needs: ['uvicorn', 'asgiref', 'websockets|wsproto'],
    words: ['with_uvicorn.py', 'wsgi'],
  },
  gunicorn: { name: 'gunicorn sync', needs: ['gunicorn'], words: ['with_gunicorn.py', 'sync'] },
  gthread: {
    name: 'gunicorn gthread',
    needs: ['gunicorn'],
    words: ['with_gunicorn.py', 'gthread'],
  },
  gthreadOfTwo: {
    name: 'gunicorn gthread, two threads',
    needs: ['gunicorn'],
    words: ['with_gunicorn.py', 'gthread', '2'],
  },
  waitress: {
    name: 'waitress, two threads',
    needs: ['waitress'],
    words: ['with_waitress.py', '2'],
  },
}

/** Those of the named Python servers that can be started, and one line for each that cannot. */
export function pythonPeers(
  { python }: Tools,
  keys: readonly PythonKey[],
): { peers: Peer[]; skipped: string[] } {
  const wanted = keys.map((key) => PYTHON_PEERS[key])
  const peers = wanted.flatMap((peer) => {
    if (python === undefined || !hasPackages(python, peer.needs)) return []
    const [file, ...words] = peer.words
    return [{ name: peer.name, command: pythonServer(python, file, ...words) }]
  })
  const skipped = wanted
    .filter(({ needs }) => !hasPackages(python, needs))
    .map(({ name, needs }) => skippedLine(name, needs))
  return { peers, skipped }
}

/** Whether Python is there with all packages of `needs`; `a|b` is one of two. */
export function hasPackages(python: Python | undefined, needs: readonly string[]): boolean {
  if (python === undefined) return false
  const isThere = (name: string): boolean => python.versions[name] !== undefined
  return needs.every((names) => names.split('|').some(isThere))
}

/** The line for a row that cannot be measured. */
export function skippedLine(row: string, needs: readonly string[]): string {
  return `skipped: ${row}, which needs ${needs.join(', ').replaceAll('|', ' or ')}`
}

/** `peers`, all measured in the same way. */
export function measured(peers: readonly Peer[], measure: Subject['measure']): Subject[] {
  return peers.map((peer) => ({ ...peer, measure }))
}
