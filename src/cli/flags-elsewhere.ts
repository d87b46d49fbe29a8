// The flags of gunicorn and uvicorn that have another name here. docs/python.md has the whole tables.

const PLACE = '--host and --port, or --uds'
const TIMEOUT = '--timeout-worker, or --python-timeout for an app of Python'

/** The flags of isthmus by a name of gunicorn or uvicorn, without its dashes. */
export const FLAGS_ELSEWHERE: Readonly<Record<string, string>> = {
  w: '--workers, or --python-processes for an app of Python',
  b: PLACE,
  bind: PLACE,
  p: '--port',
  t: TIMEOUT,
  timeout: TIMEOUT,
  'graceful-timeout': '--timeout-graceful-shutdown',
  'keep-alive': '--timeout-keep-alive',
  'limit-max-requests': '--max-requests, or --python-max-requests for an app of Python',
  'limit-request-fields': '--limit-header-fields',
  'worker-connections': '--limit-concurrency',
  chdir: '--python-cwd',
  'app-dir': '--python-cwd',
  certfile: '--tls-cert',
  keyfile: '--tls-key',
  'ssl-certfile': '--tls-cert',
  'ssl-keyfile': '--tls-key',
  'ws-max-size': '--ws-max-message',
}
