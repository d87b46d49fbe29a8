// An Express app with sessions and uploads. It knows nothing of isthmus: `node shop.js` starts it alone, on port 3000.

import { mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { argv } from 'node:process'
import { fileURLToPath } from 'node:url'
import { BroadcastChannel, threadId } from 'node:worker_threads'
import express from 'express'
import session from 'express-session'
import multer from 'multer'
import sessionFiles from 'session-file-store'

const DATA = process.env.SHOP_DATA ?? join(tmpdir(), 'isthmus-shop')
const MOST_BYTES = 5 * 1024 * 1024
const BLOCKS_MS = 20

for (const folder of ['sessions', 'uploads']) mkdirSync(join(DATA, folder), { recursive: true })

// Sessions in files, because threads share no variables: the store in memory is another one in each thread.
const FileStore = sessionFiles(session)
const sessions = session({
  store: new FileStore({ path: join(DATA, 'sessions'), logFn: () => {} }),
  secret: process.env.SHOP_SECRET ?? 'the same text in every thread',
  resave: false,
  saveUninitialized: false,
  cookie: { sameSite: 'lax' },
})
const upload = multer({ dest: join(DATA, 'uploads'), limits: { fileSize: MOST_BYTES, files: 1 } })

// A channel of Node, from every thread to the board. The thread counts its own messages.
const channel = new BroadcastChannel('shop')
channel.unref()
let turn = 0

const app = express()
app.use(express.static(fileURLToPath(new URL('public', import.meta.url))))
app.use(sessions)
app.use((_req, _res, next) => {
  block()
  next()
})

app.post('/login', express.urlencoded(), (req, res) => {
  req.session.name = String(req.body?.name ?? '').slice(0, 40) || 'a guest'
  res.redirect(303, '/')
})

app.get('/visit', (req, res) => {
  const visit = tellBoard('visit', req, nameOf(req.query.page))
  res.json(visit)
})

app.post('/pictures', upload.single('picture'), (req, res) => {
  if (!req.file) return void res.status(400).send('no picture')
  tellBoard('upload', req, `${req.file.originalname}, ${req.file.size} bytes`)
  res.redirect(303, '/')
})

export default app

// The program that was started, and not a module of a server.
if (argv[1] === fileURLToPath(import.meta.url)) app.listen(3000)

function tellBoard(kind, req, text) {
  turn += 1
  const message = { kind, text, name: req.session.name ?? 'a guest', thread: threadId, turn }
  channel.postMessage(message)
  return message
}

// In place of a template, a hash of a password, a large JSON.parse(): code that keeps the event loop busy.
function block() {
  const end = performance.now() + BLOCKS_MS
  while (performance.now() < end);
}

// A field of a query may be a list.
function nameOf(page) {
  return typeof page === 'string' ? page : 'the shop'
}
