// Routes of an Express app as users write them, for Express 5 and Express 4.

import { fileURLToPath } from 'node:url'

const PAGE = fileURLToPath(new URL('./page.html', import.meta.url))

/** @param packageName `express` or `express4` */
export async function expressApp(packageName) {
  const { default: express } = await import(packageName)
  const app = express()
  app.set('env', 'test')
  app.use('/static', express.static(fileURLToPath(new URL('.', import.meta.url))))
  app.get('/', (req, res) => void res.send('hello'))
  app.get(
    '/json',
    (req, res) => void res.status(201).json({ a: 1, ip: req.ip, host: req.hostname }),
  )
  app.get(
    '/items/:id',
    (req, res) => void res.send(`${req.params.id} ${JSON.stringify(req.query)}`),
  )
  app.get('/file', (req, res) => void res.sendFile(PAGE))
  app.get('/download', (req, res) => void res.download(PAGE, 'a page.html'))
  app.get('/redirect', (req, res) => void res.redirect(303, '/json'))
  app.get('/cookies', (req, res) => {
    res.cookie('a', '1', { httpOnly: true })
    res.cookie('b', '2')
    res.clearCookie('c')
    res.send('cookies')
  })
  app.get('/format', (req, res) => {
    res.format({ json: () => void res.json({}), html: () => void res.send('<p>') })
  })
  app.get('/jsonp', (req, res) => void res.jsonp({ a: 1 }))
  app.get(
    '/type',
    (req, res) => void res.type('txt').append('X-A', '1').append('X-A', '2').send('typed'),
  )
  app.get('/bytes', (req, res) => void res.send(Buffer.from([0, 128, 255])))
  app.get('/status', (req, res) => void res.sendStatus(418))
  app.get('/stream', (req, res) => {
    res.write('a')
    setTimeout(() => res.end('b'), 5)
  })
  app.post('/json', express.json(), (req, res) => void res.json(req.body))
  app.post('/form', express.urlencoded({ extended: true }), (req, res) => void res.json(req.body))
  app.post('/text', express.text({ limit: 10 }), (req, res) => void res.send(req.body))
  app.post(
    '/raw',
    express.raw({ type: '*/*', limit: '1mb' }),
    (req, res) => void res.send(String(req.body.length)),
  )
  app.post('/unread', (req, res) => void res.send('unread'))
  app.get('/next', (req, res, next) => next(Object.assign(new Error('teapot'), { status: 418 })))
  app.get('/skip', (req, res, next) => next())

  const router = express.Router()
  router.get('/inner', (req, res) => void res.send(`${req.baseUrl} ${req.url} ${req.originalUrl}`))
  app.use('/router', router)

  const sub = express()
  sub.get('/app', (req, res) => void res.send(`${sub.mountpath} ${req.baseUrl}`))
  app.use('/sub', sub)

  app.use((error, req, res, next) => {
    if (res.headersSent) return next(error)
    res.status(error.status ?? 500).send(error.message)
  })
  return app
}

/** The requests, and the status that each gets. */
export const EXPRESS_REQUESTS = [
  [200, 'GET', '/'],
  [200, 'HEAD', '/'],
  [304, 'GET', '/', { 'if-none-match': 'W/"5-qvTGHdzF6KLavt4PO0gs2a6pQ00"' }],
  [200, 'OPTIONS', '/'],
  [201, 'GET', '/json'],
  [200, 'GET', '/items/a%20b%2Fc?x=1&y%5Bz%5D=2'],
  [200, 'GET', '/file'],
  [206, 'GET', '/file', { range: 'bytes=1-4' }],
  [200, 'GET', '/file', { range: 'bytes=0-1,3-4' }],
  [416, 'GET', '/file', { range: 'bytes=9999-' }],
  [200, 'HEAD', '/file'],
  [200, 'GET', '/download'],
  [200, 'GET', '/static/page.html'],
  [404, 'GET', '/static/none.html'],
  [404, 'GET', '/static/..%2f..%2fpackage.json'],
  [303, 'GET', '/redirect'],
  [200, 'GET', '/cookies'],
  [200, 'GET', '/format', { accept: 'text/html' }],
  [406, 'GET', '/format', { accept: 'image/png' }],
  [200, 'GET', '/jsonp?callback=call'],
  [200, 'GET', '/type'],
  [200, 'GET', '/bytes'],
  [418, 'GET', '/status'],
  [200, 'GET', '/stream'],
  [200, 'HEAD', '/stream'],
  [200, 'POST', '/json', { 'content-type': 'application/json' }, '{"a":[1,2]}'],
  [400, 'POST', '/json', { 'content-type': 'application/json' }, '{"a":'],
  [200, 'POST', '/form', { 'content-type': 'application/x-www-form-urlencoded' }, 'a[b]=c&d=e'],
  [200, 'POST', '/text', { 'content-type': 'text/plain' }, 'short'],
  [413, 'POST', '/text', { 'content-type': 'text/plain' }, 'longer than ten'],
  [200, 'POST', '/raw', { 'content-type': 'application/octet-stream' }, 'x'.repeat(300_000)],
  [200, 'POST', '/unread', {}, 'x'.repeat(100_000)],
  [418, 'GET', '/next'],
  [404, 'GET', '/skip'],
  [200, 'GET', '/router/inner?q'],
  [200, 'GET', '/sub/app'],
  [404, 'GET', '/none'],
]
