// The process that gibibyte-python.test.ts starts, with two servers: isthmus with an app of Python, and a bare node:http
// for comparison. Argument: the name of the app.

import { fileURLToPath } from 'node:url'
import { python, serve } from '../../src/index.ts'
import { bareServer } from './bare-server.ts'

const [name = 'wsgi'] = process.argv.slice(2)
const cwd = fileURLToPath(new URL('.', import.meta.url))
const app = python(`gibibyte_apps:${name}`, { cwd, processes: 1 })
const server = await serve(app, { port: 0, log: null })
const bare = await bareServer()

process.on('disconnect', () => process.exit())
process.send?.([bare.address(), server.address])
