// Opens an address in the browser of the user.

import { spawn } from 'node:child_process'

/** The program of each platform that opens an address. */
const OPENERS: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', '""'],
}
const DESKTOP = ['xdg-open']

/** Opens `url`. A machine without such a program opens nothing: the address has been printed too. */
export function openBrowser(url: string): void {
  const [program = '', ...words] = OPENERS[process.platform] ?? DESKTOP
  const child = spawn(program, [...words, url], { stdio: 'ignore', detached: true })
  child.on('error', () => undefined)
  child.unref()
}
