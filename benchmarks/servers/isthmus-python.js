// isthmus with an app of Python. Arguments: the program of Python, the number of processes, and the app.

import { fileURLToPath } from 'node:url'
import { python, serve } from 'isthmus'
import { ready } from './ready.js'

const [program, processes, spec] = process.argv.slice(2)
const cwd = fileURLToPath(new URL('python', import.meta.url))
const app = python(spec, { python: program, cwd, processes: Number(processes) })
const { url } = await serve(app, { port: 0, log: null })
ready(url)
