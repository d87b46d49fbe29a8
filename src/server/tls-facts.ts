// The facts of a TLS connection in the terms of the ASGI TLS extension.

import { X509Certificate } from 'node:crypto'
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls'
import type { TlsFacts } from '../http/request-head.ts'

/** The facts of a connection whose handshake is done. Reading them is dear: read them once for a connection. */
export function tlsFacts(socket: TLSSocket): TlsFacts {
  const client = socket.getPeerX509Certificate()
  return {
    serverCert: socket.getX509Certificate()?.toString() ?? null,
    clientCertChain: client ? chainOf(socket) : [],
    clientCertName: client ? distinguishedName(client.subject) : null,
    clientCertError: client && !socket.authorized ? String(socket.authorizationError) : null,
    tlsVersion: VERSIONS[socket.getProtocol() ?? ''] ?? null,
    cipherSuite: SUITES[socket.getCipher()?.standardName ?? ''] ?? null,
  }
}

// Node 24 leaves X509Certificate.issuerCertificate out; every version has the older form. A root is its own issuer.
function chainOf(socket: TLSSocket): string[] {
  const chain: string[] = []
  let next: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true)
  for (; next?.raw; next = next.issuerCertificate) {
    const pem = new X509Certificate(next.raw).toString()
    if (chain.includes(pem)) break
    chain.push(pem)
  }
  return chain
}

// OpenSSL gives one line to each part, the most significant first; RFC 4514, 2.1 starts with the last part.
function distinguishedName(subject: string): string {
  return subject.split('\n').toReversed().join(',')
}

const VERSIONS: Record<string, number> = {
  TLSv1: 0x0301,
  'TLSv1.1': 0x0302,
  'TLSv1.2': 0x0303,
  'TLSv1.3': 0x0304,
}

// The suites that Node offers by default, and CCM. https://www.iana.org/assignments/tls-parameters
const SUITES: Record<string, number> = {
  TLS_AES_128_GCM_SHA256: 0x1301,
  TLS_AES_256_GCM_SHA384: 0x1302,
  TLS_CHACHA20_POLY1305_SHA256: 0x1303,
  TLS_AES_128_CCM_SHA256: 0x1304,
  TLS_AES_128_CCM_8_SHA256: 0x1305,
  TLS_RSA_WITH_AES_128_CBC_SHA: 0x002f,
  TLS_RSA_WITH_AES_256_CBC_SHA: 0x0035,
  TLS_RSA_WITH_AES_128_CBC_SHA256: 0x003c,
  TLS_RSA_WITH_AES_256_CBC_SHA256: 0x003d,
  TLS_DHE_RSA_WITH_AES_128_CBC_SHA256: 0x0067,
  TLS_DHE_RSA_WITH_AES_256_CBC_SHA256: 0x006b,
  TLS_RSA_WITH_AES_128_GCM_SHA256: 0x009c,
  TLS_RSA_WITH_AES_256_GCM_SHA384: 0x009d,
  TLS_DHE_RSA_WITH_AES_128_GCM_SHA256: 0x009e,
  TLS_DHE_RSA_WITH_AES_256_GCM_SHA384: 0x009f,
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 0xc009,
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 0xc00a,
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: 0xc013,
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: 0xc014,
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: 0xc023,
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384: 0xc024,
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256: 0xc027,
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384: 0xc028,
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 0xc02b,
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 0xc02c,
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 0xc02f,
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 0xc030,
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 0xcca8,
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 0xcca9,
  TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 0xccaa,
}
