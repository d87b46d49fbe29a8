// The processes, descriptors and memory of a server with hosts of Python.

import { readdirSync, readFileSync } from 'node:fs'

/** The resources at one moment. */
export interface Resources {
  /** The processes below the server, and ended ones of which their parent does not know. */
  processes: number
  descriptors: number
  mib: number
  /** The resident memory of all processes of Python. */
  pythonMib: number
}

/** The resources of the server `pid`. */
export function resources(pid: number): Resources {
  const below = descendants(pid)
  return {
    processes: below.length,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    mib: residentMib(pid),
    pythonMib: below.reduce((sum, child) => sum + residentMib(child), 0),
  }
}

/** Whether the process is gone, and its parent knows. */
export function isGone(pid: number): boolean {
  return read(`/proc/${pid}/stat`) === ''
}

function descendants(pid: number): number[] {
  const children = threadsOf(pid).flatMap((thread) =>
    read(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
  )
  return [...children, ...children.flatMap(descendants)]
}

function residentMib(pid: number): number {
  const kib = /^VmRSS:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1]
  return Math.round(Number(kib ?? 0) / 1024)
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
