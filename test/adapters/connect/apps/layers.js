// Middleware of Connect and Express by name, the page inside of them in each form, and the requests that go to them.

import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import compression from 'compression'
import connect from 'connect'
import cookieSession from 'cookie-session'
import cors from 'cors'
import express from 'express'
import { rateLimit } from 'express-rate-limit'
import session from 'express-session'
import helmet from 'helmet'
import createError from 'http-errors'
import morgan from 'morgan'
import multer from 'multer'
import passport from 'passport'
import { Strategy } from 'passport-local'
import responseTime from 'response-time'
import serveStatic from 'serve-static'
import sessionFileStore from 'session-file-store'

export const morganLines = []

const FIXED = { secret: 's', resave: false, saveUninitialized: true, genid: () => 'fixed' }

const LIMITS = { windowMs: 60_000, keyGenerator: () => 'all', validate: false }

/** Makes the middleware of each name, with a state of their own. */
export const LAYERS = {
  helmet: () => [helmet()],
  cors: () => [cors({ origin: 'https://a.test', credentials: true })],
  compression: () => [compression({ threshold: 0 })],
  'cookie-session': () => [cookieSession({ keys: ['k'], name: 's' }), count],
  session: () => [session(FIXED), count],
  'file session': () => {
    const FileStore = sessionFileStore(session)
    const path = mkdtempSync(join(tmpdir(), 'isthmus-sessions-'))
    const store = new FileStore({ path, retries: 0, reapInterval: -1, logFn: () => {} })
    return [session({ ...FIXED, store }), count]
  },
  morgan: () => [
    morgan(':method :url :status :res[content-type]', {
      stream: { write: (line) => morganLines.push(line) },
    }),
  ],
  passport: () => {
    const users = new passport.Passport()
    users.use(new Strategy((name, password, done) => done(null, password === 'right' && { name })))
    users.serializeUser((user, done) => done(null, user.name))
    users.deserializeUser((name, done) => done(null, { name }))
    return [
      session({ ...FIXED, saveUninitialized: false }),
      express.urlencoded({ extended: false }),
      users.session(),
      connect().use('/login', users.authenticate('local')),
      // The redirect is a method of Express.
      express().post('/enter', users.authenticate('local', { successRedirect: '/home' })),
      (req, res, next) => {
        res.setHeader('x-user', req.user?.name ?? 'none')
        next()
      },
    ]
  },
  multer: () => [
    multer({ limits: { fileSize: 1024 * 1024 } }).single('file'),
    (req, res, next) => {
      res.setHeader('x-file', `${req.file?.originalname} ${req.file?.size} ${req.body?.t}`)
      next()
    },
    (error, req, res, next) => next(createError(413, error.message)),
  ],
  'multer on disk': () => [
    multer({ dest: mkdtempSync(join(tmpdir(), 'isthmus-uploads-')) }).single('file'),
    (req, res, next) => {
      res.setHeader('x-file', `${req.file?.originalname} ${req.file?.size} ${req.body?.t}`)
      next()
    },
  ],
  'serve-static': () => [serveStatic(fileURLToPath(new URL('public', import.meta.url)))],
  'rate limit': () => [express().use(rateLimit({ ...LIMITS, limit: 1 }))],
  // The refusal uses methods of Express.
  'used rate limit': () => [express().use(rateLimit({ ...LIMITS, limit: 0 }))],
  'response-time': () => [responseTime()],
  'http-errors': () => [
    (req, res, next) => {
      if (req.url === '/teapot')
        next(createError(418, 'short and stout', { headers: { 'x-tea': 'green' } }))
      else if (req.url === '/busy') next(createError(503, 'hidden'))
      else if (req.url === '/broken') next(new Error('hidden'))
      else next()
    },
  ],
  express: () => {
    const app = express()
    app.get('/express/:id', (req, res) => void res.json(req.params))
    return [app]
  },
  all: () => [
    morgan('tiny', { stream: { write: () => {} } }),
    helmet(),
    cors({ origin: 'https://a.test', credentials: true }),
    responseTime(),
    compression({ threshold: 0 }),
    cookieSession({ keys: ['k'], name: 's' }),
    session(FIXED),
    count,
  ],
}

function count(req, res, next) {
  req.session.count = (req.session.count ?? 0) + 1
  res.setHeader('x-count', String(req.session.count))
  next()
}

/** The app inside: the status, the fields and the chunks for `url`. */
export function page(method, url) {
  const fields = [
    ['content-type', 'text/plain'],
    ['set-cookie', 'page=1'],
    ['vary', 'accept-language'],
  ]
  if (url.startsWith('/not-modified')) return [304, [['etag', '"e"']], []]
  if (url.startsWith('/gzipped')) {
    return [200, [...fields, ['content-encoding', 'gzip']], [gzipSync('packed already')]]
  }
  if (url.startsWith('/stream')) return [200, fields, Array(20).fill('part '.repeat(2_000))]
  return [200, fields, [`answer to ${method} ${url}`]]
}

/** The same page as a handler of Connect on node:http. */
export function onConnect(name) {
  const app = connect()
  for (const middleware of LAYERS[name]()) app.use(middleware)
  app.use((req, res) => {
    const [status, fields, chunks] = page(req.method, req.url)
    res.statusCode = status
    for (const [field, value] of fields) {
      if (field === 'vary' || field === 'set-cookie') res.appendHeader(field, value)
      else res.setHeader(field, value)
    }
    for (const chunk of chunks) res.write(chunk)
    res.end()
  })
  return app
}

const FORM = { 'content-type': 'multipart/form-data; boundary=b' }
const form = (content) =>
  '--b\r\nContent-Disposition: form-data; name="t"\r\n\r\ntext\r\n' +
  `--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n${content}\r\n--b--\r\n`
const URLENCODED = { 'content-type': 'application/x-www-form-urlencoded' }
const GZIP = { 'accept-encoding': 'gzip' }
const ORIGIN = { origin: 'https://a.test' }

/** The status, the name of the middleware, and the request. */
export const REQUESTS = [
  [200, 'helmet', 'GET', '/a?b=%20'],
  [200, 'helmet', 'HEAD', '/a'],
  [200, 'helmet', 'GET', '/stream'],
  [304, 'helmet', 'GET', '/not-modified'],
  [200, 'cors', 'GET', '/', ORIGIN],
  [204, 'cors', 'OPTIONS', '/', { ...ORIGIN, 'access-control-request-method': 'PUT' }],
  [200, 'compression', 'GET', '/a', GZIP],
  [200, 'compression', 'GET', '/a', { 'accept-encoding': 'identity' }],
  [200, 'compression', 'HEAD', '/a', GZIP],
  [200, 'compression', 'GET', '/stream', GZIP],
  [304, 'compression', 'GET', '/not-modified', GZIP],
  [200, 'compression', 'GET', '/gzipped', GZIP],
  [200, 'cookie-session', 'GET', '/'],
  [200, 'session', 'GET', '/'],
  [200, 'session', 'GET', '/', { cookie: 'connect.sid=s%3Afixed.wrong' }],
  [200, 'session', 'GET', '/stream'],
  [200, 'file session', 'GET', '/'],
  [200, 'morgan', 'GET', '/a?b'],
  [401, 'passport', 'POST', '/login', URLENCODED, 'username=ada&password=wrong'],
  [200, 'passport', 'POST', '/login', URLENCODED, 'username=ada&password=right'],
  [302, 'passport', 'POST', '/enter', URLENCODED, 'username=ada&password=right'],
  [200, 'multer', 'POST', '/upload', FORM, form('x'.repeat(500_000))],
  [413, 'multer', 'POST', '/upload', FORM, form('x'.repeat(2_000_000))],
  [200, 'multer on disk', 'POST', '/upload', FORM, form('x'.repeat(500_000))],
  [200, 'serve-static', 'GET', '/page.txt'],
  [206, 'serve-static', 'GET', '/page.txt', { range: 'bytes=2-5' }],
  [416, 'serve-static', 'GET', '/page.txt', { range: 'bytes=99-' }],
  [304, 'serve-static', 'GET', '/page.txt', { 'if-none-match': '*' }],
  [200, 'serve-static', 'HEAD', '/page.txt'],
  [200, 'serve-static', 'GET', '/none.txt'],
  [200, 'serve-static', 'POST', '/page.txt'],
  [200, 'rate limit', 'GET', '/'],
  [429, 'used rate limit', 'GET', '/'],
  [200, 'response-time', 'GET', '/'],
  [418, 'http-errors', 'GET', '/teapot'],
  [503, 'http-errors', 'GET', '/busy'],
  [500, 'http-errors', 'GET', '/broken'],
  [200, 'http-errors', 'GET', '/'],
  [200, 'express', 'GET', '/express/7'],
  [200, 'express', 'GET', '/other'],
  [200, 'all', 'GET', '/a', { ...GZIP, ...ORIGIN }],
  [200, 'all', 'GET', '/stream', { ...GZIP, ...ORIGIN }],
  [200, 'all', 'HEAD', '/a', { ...GZIP, ...ORIGIN }],
  [304, 'all', 'GET', '/not-modified', { ...GZIP, ...ORIGIN }],
]
