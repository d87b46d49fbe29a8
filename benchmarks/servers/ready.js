// What every server here does once it listens. The servers are JavaScript, so that what is measured is what
// users run: the built package, and no loader in the process.

/** Says where it listens, and ends when its stdin does: with whoever started it. */
export function ready(url) {
  console.log(url)
  process.stdin.on('end', () => process.exit()).resume()
}
