// The packages that Express and Connect apps use most, each on a path of its own.

import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import compression from 'compression'
import connect from 'connect'
import cookieParser from 'cookie-parser'
import cookieSession from 'cookie-session'
import cors from 'cors'
import express from 'express'
import session from 'express-session'
import helmet from 'helmet'
import morgan from 'morgan'
import multer from 'multer'
import passport from 'passport'
import { Strategy } from 'passport-local'

export function middlewareApp() {
  const app = express()
  app.set('env', 'test')
  const upload = multer({ limits: { fileSize: 1024 * 1024 } })
  const users = new passport.Passport()
  users.use(new Strategy((name, password, done) => done(null, password === 'right' && { name })))
  users.serializeUser((user, done) => done(null, user.name))
  users.deserializeUser((name, done) => done(null, { name }))

  app.use(
    '/morgan',
    morgan(':method :url :status :res[content-length]', {
      stream: { write: (line) => morganLines.push(line) },
    }),
  )
  app.use('/helmet', helmet())
  app.use('/cors', cors({ origin: 'https://a.test', credentials: true }))
  app.use('/compression', compression({ threshold: 0 }))
  app.use('/cookies', cookieParser('secret'))
  app.use('/cookie-session', cookieSession({ keys: ['k'], name: 's' }))
  app.use(
    '/session',
    session({ secret: 's', resave: false, saveUninitialized: true, genid: () => 'fixed' }),
  )
  app.use(
    '/login',
    session({ secret: 's', resave: false, saveUninitialized: false, genid: () => 'fixed' }),
  )
  app.use('/login', express.urlencoded({ extended: false }), users.session())
  app.post('/login', users.authenticate('local'), (req, res) => void res.send(req.user.name))
  app.post('/upload', upload.single('file'), (req, res) => {
    res.json({ name: req.file.originalname, size: req.file.size, fields: req.body })
  })
  app.get(
    '/cookies/read',
    (req, res) => void res.json({ plain: req.cookies, signed: req.signedCookies }),
  )
  app.get('/cookie-session/count', (req, res) => {
    req.session.count = (req.session.count ?? 0) + 1
    res.send(String(req.session.count))
  })
  app.get('/session/count', (req, res) => {
    req.session.count = (req.session.count ?? 0) + 1
    res.send(String(req.session.count))
  })
  app.get('/compression/stream', (req, res) => void streamParts(res.type('text')))
  app.get(
    '/connect/hello',
    connect().use((req, res) => res.end(`${req.url} ${req.originalUrl}`)),
  )
  app.use(
    '/files',
    express.static(fileURLToPath(new URL('.', import.meta.url)), { index: 'page.html' }),
  )
  app.use((req, res) => void res.send(`answer ${req.url}`))
  app.use((error, req, res, next) => {
    if (res.headersSent) return next(error)
    res.status(error.status ?? (error.name === 'MulterError' ? 413 : 500)).send(error.message)
  })
  return app
}

async function streamParts(res) {
  for (let part = 0; part < 20; part += 1) {
    if (!res.write('part '.repeat(2_000))) await once(res, 'drain')
  }
  res.end()
}

export const morganLines = []

const FORM = 'multipart/form-data; boundary=b'
const form = (content) =>
  '--b\r\nContent-Disposition: form-data; name="t"\r\n\r\ntext\r\n' +
  `--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n${content}\r\n--b--\r\n`
const URLENCODED = { 'content-type': 'application/x-www-form-urlencoded' }

export const MIDDLEWARE_REQUESTS = [
  [200, 'GET', '/morgan/a?b'],
  [200, 'GET', '/helmet'],
  [200, 'GET', '/cors', { origin: 'https://a.test' }],
  [204, 'OPTIONS', '/cors', { origin: 'https://a.test', 'access-control-request-method': 'PUT' }],
  [200, 'GET', '/compression/a', { 'accept-encoding': 'gzip' }],
  [200, 'GET', '/compression/a', { 'accept-encoding': 'identity' }],
  [200, 'HEAD', '/compression/a', { 'accept-encoding': 'gzip' }],
  [200, 'GET', '/compression/stream', { 'accept-encoding': 'gzip' }],
  [200, 'GET', '/cookies/read', { cookie: 'a=1; s=s%3Av.x' }],
  [200, 'GET', '/cookie-session/count'],
  [200, 'GET', '/session/count'],
  [200, 'POST', '/login', URLENCODED, 'username=ada&password=right'],
  [401, 'POST', '/login', URLENCODED, 'username=ada&password=wrong'],
  [200, 'POST', '/upload', { 'content-type': FORM }, form('x'.repeat(500_000))],
  [413, 'POST', '/upload', { 'content-type': FORM }, form('x'.repeat(2_000_000))],
  [200, 'GET', '/connect/hello'],
  [200, 'GET', '/files/'],
  [200, 'HEAD', '/files/page.html'],
  [301, 'GET', '/files'],
]
