// A client in a process of its own. The process of a test stands still meanwhile, and accepts after the reset.

/** The arguments of a Node that connects to `port`, sends `bytes`, and resets the connection. */
export function resetter(port: number, bytes: Buffer): string[] {
  const program = `
const socket = require('node:net').connect(${port}, '127.0.0.1', () => {
  socket.write(Buffer.from('${bytes.toString('hex')}', 'hex'))
  socket.resetAndDestroy()
})`
  return ['-e', program]
}
