// Frameworks around handlers, as their users write them.

import compression from 'compression'
import connect from 'connect'
import cookieSession from 'cookie-session'
import fastify from 'fastify'
import helmet from 'helmet'

/** An Express app of the package `name`. `routes` are handlers by their mount paths. */
export async function expressApp(name, routes) {
  const { default: express } = await import(name)
  const app = express()
  app.set('env', 'test')
  app.use(helmet(), cookieSession({ keys: ['k'], name: 'outer' }), (req, _res, next) => {
    req.session.seen = true
    next()
  })
  app.use('/zip', compression({ threshold: 0 }))
  app.use('/parsed', express.json())
  app.use('/kept', express.json({ verify: (req, _res, bytes) => void (req.rawBody = bytes) }))
  app.use('/old', (req, _res, next) => {
    req.url = req.url.replace('/x', '/y')
    next()
  })
  for (const [path, handler] of Object.entries(routes)) app.use(path, handler)
  app.get('/own', (_req, res) => res.send('own'))
  app.use((_req, res) => res.status(404).send('express has nothing'))
  // Four parameters make an error handler.
  app.use((error, _req, res, _next) =>
    res.status(error.status ?? 500).send(`express: ${error.message}`),
  )
  return app
}

/** A Connect app with the same routes. */
export function connectApp(routes) {
  const app = connect()
  app.use(helmet())
  for (const [path, handler] of Object.entries(routes)) app.use(path, handler)
  app.use((_req, res) => {
    res.statusCode = 404
    res.end('connect has nothing')
  })
  return app
}

/** A Fastify app that hands `/live/…` to `handler`, and has a route of its own. */
export async function fastifyApp(handler) {
  const app = fastify({ forceCloseConnections: true })
  app.get('/own', async () => 'own')
  app.register(async (scope) => {
    // The body belongs to the handler.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
    scope.all('/live/*', (request, reply) => {
      reply.hijack()
      handler(request.raw, reply.raw)
    })
  })
  app.server.on('upgrade', handler.upgrade)
  await app.listen({ port: 0, host: '127.0.0.1' })
  return app
}
