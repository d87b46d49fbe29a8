// The address of a client in a line of the log.

/** The host and the port of a client, such as `127.0.0.1:5000` or `[::1]:5000`. A port of 0 is not known, and is left out. */
export function clientAddress(host: string, port: number): string {
  if (port === 0) return host
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
