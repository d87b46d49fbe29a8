// serve() with keys and certificates that it cannot use: the message names the option.

import { createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { sync } from '../../src/bridge/style.ts'
import { serve } from '../../src/server/serve.ts'
import type { TlsOptions } from 'node:tls'

const pem = (name: string): Buffer =>
  readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url))

const CERT = pem('server.pem')
const KEY = pem('server.key')
const ENCRYPTED = createPrivateKey(KEY).export({
  type: 'pkcs8',
  format: 'pem',
  cipher: 'aes-128-cbc',
  passphrase: 'secret',
})
const SWAPPED = '"tls.cert" is a private key, and no certificate: key and certificate are swapped'
const NO_PAIR =
  '"tls.key" and "tls.cert" do not belong together: the key is that of another certificate'

const FAULTS: Array<[title: string, tls: unknown, sentence: string]> = [
  ['no option', {}, '"tls.cert" is empty'],
  ['a list', [], '"tls.cert" is empty'],
  ['a text', 'server.pem', '"tls" cannot be \'server.pem\': it is an object with key and cert'],
  ['no key', { cert: CERT }, '"tls.key" is empty'],
  ['no certificate', { key: KEY }, '"tls.cert" is empty'],
  ['an empty key', { cert: CERT, key: '' }, '"tls.key" is empty'],
  ['an empty certificate', { cert: Buffer.of(), key: KEY }, '"tls.cert" is empty'],
  ['key and certificate swapped', { cert: KEY, key: CERT }, SWAPPED],
  [
    'the certificate twice',
    { cert: CERT, key: CERT },
    '"tls.key" is a certificate, and no private',
  ],
  ['the key of another certificate', { cert: CERT, key: pem('stranger.key') }, NO_PAIR],
  ['lists that do not fit', { cert: [CERT], key: [pem('stranger.key')] }, NO_PAIR],
  ['a key that is no PEM', { cert: CERT, key: 'x' }, '"tls.key" is no private key in PEM'],
  ['a certificate that is no PEM', { cert: 'x', key: KEY }, '"tls.cert" is no certificate in PEM'],
  ['a key that is cut', { cert: CERT, key: KEY.subarray(0, 100) }, '"tls.key" is damaged: '],
  [
    'a certificate that is cut',
    { cert: CERT.subarray(0, 300), key: KEY },
    '"tls.cert" is damaged: ',
  ],
  ['a number', { cert: 5, key: KEY }, '"tls.cert" is no certificate in PEM'],
  [
    'no passphrase',
    { cert: CERT, key: ENCRYPTED },
    '"tls.key" is encrypted, and needs a passphrase',
  ],
  [
    'a wrong passphrase',
    { cert: CERT, key: ENCRYPTED, passphrase: 'x' },
    '"tls.key" is encrypted, and the passphrase is wrong',
  ],
  [
    'a wrong passphrase of one key',
    { cert: CERT, key: [{ pem: ENCRYPTED, passphrase: 'x' }] },
    '"tls.key" is encrypted, and the passphrase is wrong',
  ],
  ['a wrong pfx', { pfx: 'x' }, '"tls.pfx" cannot be read: '],
  [
    'an unknown version',
    { cert: CERT, key: KEY, minVersion: 'TLSv9' },
    '"tls" cannot be used: "TLSv9"',
  ],
]

describe('serve() refuses TLS with', () => {
  it.each(FAULTS)('%s', async (_title, tls, sentence) => {
    const starting = serve(
      sync(() => []),
      { port: 0, log: null, tls: tls as TlsOptions },
    )
    const error = await starting.catch((reason: unknown) => reason as Error)
    expect(error).toMatchObject({ code: 'ISTHMUS_INVALID_OPTION' })
    const { message } = error as Error
    expect(message).toContain(sentence)
    expect(message).not.toContain('BEGIN RSA')
    expect(message.length).toBeLessThan(250)
  })
})

describe('serve() takes TLS with', () => {
  it.each<[string, TlsOptions]>([
    ['a key with its passphrase', { cert: CERT, key: ENCRYPTED, passphrase: 'secret' }],
    ['lists', { cert: [CERT], key: [{ pem: ENCRYPTED, passphrase: 'secret' }] }],
    ['a certificate for each name', { SNICallback: (_name, done) => done(null) }],
  ])('%s', async (_title, tls) => {
    await using server = await serve(
      sync(() => []),
      { port: 0, log: null, tls },
    )
    expect(server.url).toMatch(/^https:/)
  })
})
