// The command line of the runs beside real proxies.

import { parseArgs } from 'node:util'
import { PROXIES } from './proxy-config.ts'
import { SERVERS } from './upstream.ts'
import type { ProxyName } from './proxy-config.ts'
import type { ServerName } from './upstream.ts'

/** The parts of a run, in their order. */
export const PARTS = ['uploads', 'restarts', 'keep-alive', 'upgrades', 'facts'] as const

/** The name of a part. */
export type PartName = (typeof PARTS)[number]

/** The options of a run. */
export interface Options {
  parts: readonly PartName[]
  proxies: readonly ProxyName[]
  servers: readonly ServerName[]
  /** The sizes of the uploads. */
  mib: readonly number[]
  /** How often each upload is made, and how many restarts there are. */
  rounds: { uploads: number; restarts: number }
  isHelp: boolean
}

/** The end of a part. */
export interface Outcome {
  /** The rows, the head first. */
  table: string[][]
  /** One line for each kind of fault. Those of node:http are shown and do not fail the run. */
  faults: string[]
  /** One line for each tool that is missing. */
  skipped: readonly string[]
}

export const HELP: string = `npm run proxies -- [options]

  --only NAME       a part, repeatable or with commas: ${PARTS.join(', ')}
  --proxy NAME      a proxy, repeatable or with commas: ${Object.keys(PROXIES).join(', ')}
                    Default: nginx, nginx-unbuffered, haproxy; "all" takes each one
  --server NAME     a server, repeatable or with commas: ${Object.keys(SERVERS).join(', ')}
  --mib N           the size of an upload in MiB, repeatable or with commas. Default: 2, 6, 30
  --rounds N        uploads of each kind (default 20), restarts (default 40)
`

const USUAL: readonly ProxyName[] = ['nginx', 'nginx-unbuffered', 'haproxy']
const MOST_MIB = 1024
const MOST_ROUNDS = 1000

/** Reads the words of the command line. @throws Error for an unknown option or name, or an impossible number */
export function parseOptions(words: string[]): Options {
  const { values } = parseArgs({
    args: words,
    options: {
      only: { type: 'string', multiple: true, default: [] },
      proxy: { type: 'string', multiple: true, default: [] },
      server: { type: 'string', multiple: true, default: [] },
      mib: { type: 'string', multiple: true, default: ['2', '6', '30'] },
      rounds: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  const all = Object.keys(PROXIES) as ProxyName[]
  const proxies = values.proxy.join() === 'all' ? all : named('proxy', values.proxy, all)
  const rounds =
    values.rounds === undefined ? undefined : whole('rounds', values.rounds, MOST_ROUNDS)
  const parts = named('only', values.only, PARTS)
  const servers = named('server', values.server, Object.keys(SERVERS) as ServerName[])
  return {
    parts: parts.length > 0 ? parts : PARTS,
    proxies: proxies.length > 0 ? proxies : USUAL,
    servers: servers.length > 0 ? servers : (Object.keys(SERVERS) as ServerName[]),
    mib: split(values.mib).map((word) => whole('mib', word, MOST_MIB)),
    rounds: { uploads: rounds ?? 20, restarts: rounds ?? 40 },
    isHelp: values.help,
  }
}

function split(words: readonly string[]): string[] {
  return words.flatMap((word) => word.split(',')).map((word) => word.trim())
}

function named<Name extends string>(
  option: string,
  words: readonly string[],
  names: readonly Name[],
): Name[] {
  return split(words).map((word) => {
    const name = names.find((candidate) => candidate === word)
    if (name !== undefined) return name
    throw new Error(`--${option} is one of ${names.join(', ')}, got "${word}"`)
  })
}

function whole(option: string, word: string, most: number): number {
  const given = /^\d+$/.test(word) ? Number(word) : NaN
  if (given >= 1 && given <= most) return given
  throw new Error(`--${option} is a whole number from 1 to ${most}, got "${word}"`)
}
