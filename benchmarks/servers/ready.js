// The ready line of every server here. The servers are JavaScript, so that they run like the servers of users: with the
// built package, and without a loader in the process.

/** Prints the URL, and ends the process with its stdin, so that it ends with its parent. */
export function ready(url) {
  console.log(url)
  process.stdin.on('end', () => process.exit()).resume()
  // The memory scenario asks for a collection; --expose-gc adds gc().
  process.on('SIGUSR2', () => globalThis.gc?.())
}

/** The same for a server of node:http or node:net that listens on a free port. */
export function listen(server) {
  server.listen(0, '127.0.0.1', () => ready(`http://127.0.0.1:${server.address().port}`))
}
