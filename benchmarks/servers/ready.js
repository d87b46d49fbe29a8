// What every server here does once it listens. The servers are JavaScript, so that what is measured is what
// users run: the built package, and no loader in the process.

/** Says where it listens, and ends when its stdin does: with whoever started it. */
export function ready(url) {
  console.log(url)
  process.stdin.on('end', () => process.exit()).resume()
  // For those who weigh it: there is a gc() under --expose-gc.
  process.on('SIGUSR2', () => globalThis.gc?.())
}

/** The same for a server of node:http or node:net that listens on a free port. */
export function listen(server) {
  server.listen(0, '127.0.0.1', () => ready(`http://127.0.0.1:${server.address().port}`))
}
