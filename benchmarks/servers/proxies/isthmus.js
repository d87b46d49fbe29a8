// remote() with its defaults. Arguments: the port and the URL of the upstream.

import { serve } from 'isthmus'
import { remote } from 'isthmus/adapters'

const [port, target] = process.argv.slice(2)
await serve(remote(target), { port: Number(port), log: null })
process.stdin.on('end', () => process.exit()).resume()
