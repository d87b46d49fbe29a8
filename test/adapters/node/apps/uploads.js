// An Express app that takes files with multer, and tells the test about them.

import { createHash } from 'node:crypto'
import { createReadStream, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { getEnvironmentData } from 'node:worker_threads'
import express from 'express'
import multer from 'multer'

const DESCRIPTORS = '/proc/self/fd'

/** The app; its files are in `folder`. */
export function uploadsApp(folder) {
  const app = express()
  const errors = []
  let mostBytes = 0

  app.get('/seen', (_req, res) => {
    res.json({ errors, files: readdirSync(folder).length, open: openIn(folder), mostBytes })
  })
  // The bytes that wait in the request for multer.
  app.use((req, _res, next) => {
    const push = req.push.bind(req)
    req.push = (chunk) => {
      mostBytes = Math.max(mostBytes, req.readableLength + (chunk?.length ?? 0))
      return push(chunk)
    }
    next()
  })
  app.post('/upload', multer({ dest: folder }).single('file'), (req, res, next) => {
    const hash = createHash('sha256')
    pipeline(createReadStream(req.file.path), hash).then(() => {
      rmSync(req.file.path)
      res.json({ size: req.file.size, hash: hash.digest('hex') })
    }, next)
  })
  app.use((error, _req, res, next) => {
    errors.push(error.message)
    if (res.destroyed || res.headersSent) return next(error)
    res.status(500).end()
  })
  return app.set('env', 'test')
}

function openIn(folder) {
  if (process.platform !== 'linux') return 0
  return readdirSync(DESCRIPTORS).filter((fd) => linkOf(fd).startsWith(folder)).length
}

function linkOf(fd) {
  try {
    return readlinkSync(join(DESCRIPTORS, fd))
  } catch {
    // It was the descriptor of readdirSync().
    return ''
  }
}

// In a thread.
const ownFolder = getEnvironmentData('uploads')

export default ownFolder && uploadsApp(ownFolder)
