// An Express app that counts the visits of a session, in a store.

import express from 'express'
import session from 'express-session'
import sessionFileStore from 'session-file-store'

/** The app of one process; several share a store. */
export function sessionsApp(store) {
  const app = express()
  app.use(session({ secret: 's', resave: false, saveUninitialized: false, store }))
  app.get('/visit', (req, res) => {
    req.session.visits = (req.session.visits ?? 0) + 1
    res.json(req.session.visits)
  })
  app.get('/renew', (req, res, next) => {
    req.session.regenerate((error) => (error ? next(error) : res.json(req.session.visits ?? 0)))
  })
  app.get('/leave', (req, res, next) => {
    req.session.destroy((error) => (error ? next(error) : res.json('left')))
  })
  return app
}

/** A store of files in `path`. */
export function fileStore(path) {
  const FileStore = sessionFileStore(session)
  return new FileStore({ path, retries: 0, reapInterval: -1, logFn: () => undefined })
}
