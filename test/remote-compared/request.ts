// The requests that the clients of the cases send.

/** A request head with Host, as text. */
export function get(target = '/', ...fields: string[]): string {
  return head(`GET ${target} HTTP/1.1`, 'Host: app.example', ...fields)
}

/** A POST with this body and its length. */
export function post(body: string, ...fields: string[]): string {
  const length = `Content-Length: ${body.length}`
  return head('POST / HTTP/1.1', 'Host: app.example', length, ...fields) + body
}

/** Lines and the empty line. */
export function head(...lines: string[]): string {
  return `${lines.join('\r\n')}\r\n\r\n`
}
