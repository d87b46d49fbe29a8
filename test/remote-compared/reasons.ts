// Why isthmus does as neither nginx nor HAProxy does, by group and case.

const STRICT =
  'isthmus reads a response as strictly as RFC 9112 says: a reader that guesses could see another response.'
const HOP = 'The field belongs to one connection, and a proxy removes it (RFC 9110, 7.6.1).'
const CLAIM =
  'Each client can send the field. isthmus sets it from the connection, or from `forwarded()` behind a trusted proxy.'
const OWN_LIST = 'The server of isthmus answers methods that Node does not know, before any app.'

/** The reasons in the page. */
export const REASONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'Fields of a request': {
    'a field that Connection names': HOP,
    'Connection, as the upstream gets it':
      'The client of isthmus writes the default of HTTP/1.1, for upstreams of HTTP/1.0.',
    'Keep-Alive, Proxy-Connection': HOP,
    'Proxy-Authorization':
      'The field is for the first proxy that asks for it (RFC 9110, 11.7.2): an upstream would learn a password.',
    'Proxy (httpoxy, CVE-2016-5385)':
      'CGI and WSGI turn it into HTTP_PROXY, and clients in the app would then use the proxy of an attacker.',
    Trailer: HOP,
    'Upgrade: h2c': HOP,
    'Upgrade: websocket without a Connection field': HOP,
    'HTTP/1.0 without Host':
      'isthmus speaks HTTP/1.1 to the target, which needs a Host (RFC 9112, 3.2).',
    'X-Forwarded-For of a client': CLAIM,
    'X-Forwarded-Host of a client': CLAIM,
    'Forwarded, X-Real-IP of a client': CLAIM,
    'the fields that a plain GET gains':
      'isthmus sets both forms, RFC 7239 and X-Forwarded-*; the option `forwarded` chooses.',
  },
  'The target': {
    '/a?': 'The scope of an app has no mark for a query that is empty.',
    'http://other.example/a, another Host':
      'The host of an absolute target is the one that counts (RFC 9112, 3.2.2): both ends see the same.',
    'OPTIONS *': 'The question is about the server and not about a resource: isthmus answers it.',
    'an unknown method': OWN_LIST,
    CONNECT: OWN_LIST,
  },
  'The body of a request': {
    'chunks with an extension and trailers':
      'The events of a request have no trailers. The body stays in chunks, because its length is not known.',
    'a POST without a length': 'RFC 9110, 8.6: a POST without a body should say Content-Length: 0.',
  },
  'A response': {
    'a field that Connection names': HOP,
    'Keep-Alive, Proxy-Authenticate, Upgrade, Trailer': HOP,
    'Server and Date, if the upstream sends none':
      'The server of isthmus adds Date (RFC 9110, 6.6.1) and Server to each answer that has none.',
    'the reason phrase': 'The events of a response have no phrase, and HTTP/2 has none.',
    'a body in chunks': 'The whole body was there at once, so that isthmus knew its length.',
    'a body in chunks, for a client of HTTP/1.0':
      'The whole body was there at once, so that isthmus knew its length.',
    '102 Processing': 'It is for the proxy that asked: isthmus waits for the final answer.',
    '100 Continue without Expect':
      'isthmus never asks for it, and undici takes an answer to no question for a broken response.',
  },
  'A response that breaks the rules': {
    'HTTP/9.9': STRICT,
    'a status of four digits': STRICT,
    'status 099': STRICT,
    'lines that end in LF alone': STRICT,
    'two equal Content-Lengths': STRICT,
    'Content-Length and Transfer-Encoding': STRICT,
    'a chunk size that is no number':
      'The head has left before the body is read, so the connection of the client is cut.',
    'a chunk without its end':
      'The head has left before the body is read, so the connection of the client is cut.',
    '1,000 fields': 'isthmus limits the bytes of the head, not the number of its fields.',
  },
  'An upstream that fails': {
    'dies before the head: GET, one target':
      'A GET is repeated once, at the same target if there is no other: an upstream that restarts costs no answer.',
  },
  Connections: {},
  WebSocket: {
    'permessage-deflate, offered by the client and taken by the upstream':
      'isthmus relays messages and not bytes, and compresses neither side by default.',
    'Cookie, Origin, Authorization, X-Forwarded-For of a client': CLAIM,
    'the upstream answers 101 with a wrong Sec-WebSocket-Accept':
      'The upstream has not taken the handshake (RFC 6455, 4.1), so the client gets no 101.',
    'Sec-WebSocket-Version: 12':
      'The server of isthmus takes the handshake itself, and 426 names the version (RFC 6455, 4.4).',
    'the upstream dies':
      'The client is still connected, so it gets a close frame: 1014, bad gateway (IANA).',
    'a silence of three timeouts':
      'The timeouts are for HTTP. A WebSocket may be silent; its server pings if it wants to.',
  },
}
