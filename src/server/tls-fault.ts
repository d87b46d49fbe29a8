// Looks for a fault in the key and the certificate of a server. OpenSSL names neither of them in its errors.

import { createSecureContext } from 'node:tls'
import type { SecureContextOptions, TlsOptions } from 'node:tls'

/** A fault of TLS options. */
interface TlsFault {
  /** The option with the fault; `pair` if key and certificate do not belong together; null for any other option. */
  part: 'cert' | 'key' | 'pfx' | 'pair' | null
  /** The rest of a sentence that begins with the name of the option, or with both names for a pair. */
  reason: string
}

/** Returns the first fault of `tls`; undefined if a server can start with it. */
export function tlsFault(tls: TlsOptions): TlsFault | undefined {
  const { cert, key, pfx, passphrase } = tls
  return (
    missingPart(tls) ??
    faultOf('cert', { cert }, (error) => reasonOfCert(textOf(cert), error)) ??
    faultOf('key', { key, passphrase }, (error) => reasonOfKey(tls, error)) ??
    faultOf('pfx', { pfx, passphrase }, (error) => `cannot be read: ${error.message}`) ??
    faultOfAll(tls)
  )
}

// With a SNICallback, the certificate may come with the name that the client asks for.
function missingPart({ cert, key, pfx, SNICallback }: TlsOptions): TlsFault | undefined {
  if (isPresent(pfx) || SNICallback) return undefined
  if (!isPresent(cert)) return { part: 'cert', reason: 'is empty: a server needs a certificate' }
  if (!isPresent(key)) return { part: 'key', reason: 'is empty: a server needs its private key' }
  return undefined
}

function isPresent(value: unknown): boolean {
  if (value === undefined || value === null) return false
  return textOf(value).trim() !== ''
}

function faultOf(
  part: TlsFault['part'],
  options: SecureContextOptions,
  reasonOf: (error: NodeJS.ErrnoException) => string,
): TlsFault | undefined {
  try {
    createSecureContext(options)
    return undefined
  } catch (error) {
    return { part, reason: reasonOf(error as NodeJS.ErrnoException) }
  }
}

function faultOfAll(tls: TlsOptions): TlsFault | undefined {
  let isPair = false
  const fault = faultOf(null, tls, ({ code, message }) => {
    isPair =
      code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH' || code === 'ERR_OSSL_X509_KEY_TYPE_MISMATCH'
    return isPair
      ? 'do not belong together: the key is that of another certificate'
      : `cannot be used: ${message}`
  })
  return fault && isPair ? { ...fault, part: 'pair' } : fault
}

const KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----/
const CERTIFICATE = '-----BEGIN CERTIFICATE-----'

function reasonOfCert(text: string, { message }: Error): string {
  if (text.includes(CERTIFICATE)) return `is damaged: ${message}`
  if (KEY.test(text)) return 'is a private key, and no certificate: key and certificate are swapped'
  return `is no certificate in PEM: it has no line ${CERTIFICATE}`
}

function reasonOfKey({ key, passphrase }: TlsOptions, { message }: Error): string {
  const text = textOf(key)
  if (!KEY.test(text)) {
    if (text.includes(CERTIFICATE)) return 'is a certificate, and no private key'
    return 'is no private key in PEM: it has no line -----BEGIN PRIVATE KEY-----'
  }
  if (!text.includes('ENCRYPTED')) return `is damaged: ${message}`
  const hasPassphrase = passphrase !== undefined || hasOwnPassphrase(key)
  return hasPassphrase
    ? 'is encrypted, and the passphrase is wrong'
    : 'is encrypted, and needs a passphrase'
}

// The forms of a key: text, bytes, { pem, passphrase }, and lists of them.
function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (ArrayBuffer.isView(value)) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1')
  }
  if (Array.isArray(value)) return value.map(textOf).join('\n')
  if (typeof value !== 'object' || value === null) return String(value)
  return textOf(
    (value as { pem?: unknown; buf?: unknown }).pem ?? (value as { buf?: unknown }).buf ?? '',
  )
}

function hasOwnPassphrase(key: TlsOptions['key']): boolean {
  const keys: unknown[] = Array.isArray(key) ? key : [key]
  return keys.some((one) => typeof one === 'object' && one !== null && 'passphrase' in one)
}
