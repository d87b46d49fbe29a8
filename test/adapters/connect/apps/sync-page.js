// The page as a sync app, for a thread.

import { page } from './layers.js'

export default function syncPage(environ, startResponse) {
  const query = environ.QUERY_STRING === '' ? '' : `?${environ.QUERY_STRING}`
  const [status, fields, chunks] = page(
    environ.REQUEST_METHOD,
    encodeURI(environ.PATH_INFO) + query,
  )
  startResponse(`${String(status)} Status`, fields)
  return chunks.map((chunk) => Buffer.from(chunk))
}
