// The programs that a run needs and that are not part of Node.

import { spawnSync } from 'node:child_process'

/** The name of a program that a run can use. */
export type ToolName =
  | 'nginx'
  | 'haproxy'
  | 'apache'
  | 'caddy'
  | 'varnish'
  | 'curl'
  | 'python'
  | 'requests'
  | 'httpx'
  | 'java'
  | 'fcgiwrap'
  | 'tini'
  | 'unshare'
  | 'systemd-analyze'

interface Tool {
  /** The program, and the words that make it succeed at once. */
  probe: readonly string[]
  remedy: string
}

const PYTHON = '/usr/bin/python3'
const TOOLS: Readonly<Record<ToolName, Tool>> = {
  nginx: { probe: ['nginx', '-v'], remedy: 'apt-get install nginx' },
  haproxy: { probe: ['haproxy', '-v'], remedy: 'apt-get install haproxy' },
  apache: { probe: ['apache2', '-v'], remedy: 'apt-get install apache2' },
  caddy: { probe: ['caddy', 'version'], remedy: 'apt-get install caddy' },
  varnish: { probe: ['varnishd', '-V'], remedy: 'apt-get install varnish' },
  curl: { probe: ['curl', '--version'], remedy: 'apt-get install curl' },
  python: { probe: [PYTHON, '-c', 'import http.client'], remedy: 'apt-get install python3' },
  requests: {
    probe: [PYTHON, '-c', 'import requests'],
    remedy: 'apt-get install python3-requests',
  },
  httpx: { probe: [PYTHON, '-c', 'import httpx'], remedy: 'apt-get install python3-httpx' },
  fcgiwrap: { probe: ['fcgiwrap', '-h'], remedy: 'apt-get install fcgiwrap' },
  tini: { probe: ['tini', '--version'], remedy: 'apt-get install tini' },
  // A container may forbid name spaces of processes.
  unshare: {
    probe: ['unshare', '--pid', '--fork', '--mount-proc', 'true'],
    remedy: 'the system permits no new name space of processes',
  },
  'systemd-analyze': {
    probe: ['systemd-analyze', '--version'],
    remedy: 'apt-get install systemd',
  },
  java: { probe: ['javac', '-version'], remedy: 'apt-get install default-jdk-headless' },
}

const PROBE_MS = 30_000

/** Null if the tool is here, else one line with the remedy. */
export function missing(name: ToolName): string | null {
  const { probe, remedy } = TOOLS[name]
  const [file, ...words] = probe as [string, ...string[]]
  const { status } = spawnSync(file, words, { timeout: PROBE_MS, env: toolEnv() })
  return status === 0 ? null : `${name} is not installed: ${remedy}`
}

/** The environment of a tool. Debian has the proxies in directories that are not in the PATH of every user. */
export function toolEnv(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` }
}

/** The Python that sees the packages of the system. */
export const pythonFile: string = PYTHON
