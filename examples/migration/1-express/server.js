// The shop as it always was: an Express app that listens.

import shop from '../shop/app.js'

const server = shop.listen(process.env.PORT ?? 3000, '127.0.0.1', () => {
  console.log(`shop listening on http://127.0.0.1:${server.address().port}`)
})
process.once('SIGTERM', () => server.close())
