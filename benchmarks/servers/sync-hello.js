// The sync app that does nothing.

export default function hello(environ, startResponse) {
  startResponse('200 OK', [
    ['Content-Type', 'text/plain'],
    ['Content-Length', '13'],
  ])
  return ['Hello, world\n']
}
