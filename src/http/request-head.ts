// The checked head of a request. The engines and the test client pass all requests on in this form.

import { BadRequestError } from '../errors.ts'
import { authorityFault } from './authority.ts'
import { NO_TARGET, parseTarget } from './target.ts'
import type { CheckedUser } from '../contract/checked-user.ts'
import type { HeaderPairs, HttpScope } from '../contract/events.ts'
import type { Target } from './target.ts'

/** The two ends of a connection: the same for all of its requests. */
export interface Endpoints {
  readonly client: Readonly<HttpScope['client']>
  readonly server: Readonly<HttpScope['server']>
  /** The connection is under TLS. */
  readonly secure: boolean
  /** Null without TLS, and from an engine that does not know them. */
  readonly tls: TlsFacts | null
}

/** `scope.extensions.tls`. @see ASGI TLS extension 0.2 */
export interface TlsFacts {
  /** The server's certificate in PEM. */
  serverCert: string | null
  /** The client's certificates in PEM, its own first; empty without one. */
  clientCertChain: string[]
  /** The distinguished name of the client's certificate, in the notation of RFC 4514. */
  clientCertName: string | null
  /** The reason why the client's certificate was not verified. */
  clientCertError: string | null
  /** `0x0304` for TLS 1.3. */
  tlsVersion: number | null
  /** The number that IANA gives the suite: `0x1301` for TLS_AES_128_GCM_SHA256. */
  cipherSuite: number | null
}

/** The first line of a request. */
export interface RequestStart {
  method: string
  /** The target as on the request line, or the value of `:path`, in octets of printable ASCII. */
  target: string
  httpVersion: HttpScope['httpVersion']
}

/** The facts that the fields of a head state. */
export interface FieldFacts {
  /** The client wants to keep the connection. */
  readonly keepAlive: boolean
  /** `TE: trailers`. */
  readonly acceptsTrailers: boolean
  /** `Expect: 100-continue`. */
  readonly expectsContinue: boolean
  /** The head announces a body that is not empty. */
  readonly hasBody: boolean
  /** The announced length in bytes; null without one. */
  readonly contentLength: number | null
  /** A field name has an underscore. */
  readonly hasUnderscore: boolean
  /** The reason why a request with these fields is refused; null for a good one. */
  readonly fault: BadRequestError | null
}

/** A request head. Its arrays belong to the receiver, which may change them. */
export interface RequestHead extends RequestStart, FieldFacts {
  /** The parts of `target`; meaningless if the head has a fault. */
  parsedTarget: Target
  /** Lower-case names, latin-1 values without surrounding white space, in order, duplicates kept. */
  headers: HeaderPairs
  /** The client wants to keep the connection, and the engine can. */
  keepAlive: boolean
  ends: Endpoints
  /** The user that a web server in front has checked. Gateway protocols alone tell one. */
  auth?: CheckedUser
}

/**
 * The head with these parts. The target and its authority are checked here. A fault of the target replaces a fault of
 * the fields; a fault of the authority counts only if the fields have none. A head with a fault is answered like any
 * other request: the dispatcher refuses it with the status of the fault.
 */
export function requestHead(
  start: RequestStart,
  headers: HeaderPairs,
  facts: FieldFacts,
  ends: Endpoints,
): RequestHead {
  let parsedTarget = NO_TARGET
  let { fault } = facts
  try {
    parsedTarget = parseTarget(start.method, start.target)
    if (parsedTarget.authority !== null) fault ??= authorityFault(parsedTarget.authority)
  } catch (error) {
    if (!(error instanceof BadRequestError)) throw error
    fault = error
  }
  // Each field is copied by name, because a spread costs more than the parser.
  return {
    method: start.method,
    target: start.target,
    parsedTarget,
    httpVersion: start.httpVersion,
    headers,
    keepAlive: facts.keepAlive,
    acceptsTrailers: facts.acceptsTrailers,
    expectsContinue: facts.expectsContinue,
    hasBody: facts.hasBody,
    contentLength: facts.contentLength,
    hasUnderscore: facts.hasUnderscore,
    ends,
    fault,
  }
}
