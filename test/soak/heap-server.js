// The server of heap-deaths.ts: the app that fills its memory, in one thread with a small heap.

import { serve, threads } from 'isthmus'
import { ready } from '../../benchmarks/servers/ready.js'

const app = threads(new URL('./heap-app.js', import.meta.url), {
  max: 1,
  resourceLimits: { maxOldGenerationSizeMb: Number(process.argv[2]) },
})
const { url } = await serve(app, { port: 0, log: null })
ready(url)
