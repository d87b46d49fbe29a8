// The types of the two ways to start an app.

import type { EventApp, HostedApp } from 'isthmus'

/** How a test wants its app. */
export interface HostedOptions {
  interface: 'wsgi' | 'asgi'
  /** The program, from pythonWith(). */
  python: string
  processes?: number
  /** Threads of a WSGI app in each process; 1 by default. */
  threads?: number
  /** Texts of files in the directory DATA. */
  files?: Record<string, string>
  /** Keeps the directory DATA after close(), until forget(). */
  keepData?: boolean
  /** Places the app in a mount or a chain; isthmus alone. */
  around?: (app: EventApp) => HostedApp
  /** A Django settings module: the tables and a superuser are made first. */
  prepare?: string
}

/** The app as a process or several. */
export interface Running {
  port: number
  /** Everything that the app and its server have written. */
  output(): string
  close(): Promise<void>
}

/** The parts of a start that both ways need. */
export interface Start extends HostedOptions {
  cwd: string
  env: Record<string, string>
}
