// tlsFiles() with options and files that it cannot use: the message names the option and the file.

import { createPrivateKey } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tlsFiles } from 'isthmus'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TlsFilesOptions } from 'isthmus'

const TLS = 'test/fixtures/tls/'
const SHOP = { cert: `${TLS}shop.pem`, key: `${TLS}shop.key` }
const folder = mkdtempSync(join(tmpdir(), 'isthmus-tls-options-'))
const inFolder = (name: string): string => join(folder, name)

beforeAll(() => {
  const key = createPrivateKey(readFileSync(SHOP.key))
  const options = { type: 'pkcs8', format: 'pem', cipher: 'aes-128-cbc' } as const
  writeFileSync(inFolder('locked.key'), key.export({ ...options, passphrase: 'pass phrase' }))
  writeFileSync(inFolder('passphrase'), 'pass phrase\n')
  const [ca, crl] = [readFileSync(`${TLS}office-ca.pem`), readFileSync(`${TLS}office.crl`)]
  writeFileSync(inFolder('half.pem'), Buffer.concat([ca, ca.subarray(0, 200)]))
  writeFileSync(inFolder('half.crl'), Buffer.concat([crl, crl.subarray(0, 200)]))
  writeFileSync(inFolder('damaged.pem'), readFileSync(SHOP.cert, 'utf8').replace('MII', 'MIX'))
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('tlsFiles()', () => {
  it.each<[string, TlsFilesOptions, RegExp]>([
    ['no pair', { pairs: [] }, /^tlsFiles\(\): option "pairs" cannot be \[\]: it is a list of/],
    ['a pair without a key', { pairs: [{ cert: 'a' } as never] }, /"pairs" cannot be/],
    ['an empty path', { pairs: [SHOP], ca: '' }, /"ca" cannot be '': it is the path of a file/],
    [
      'no authorities',
      { pairs: [SHOP], clientCerts: 'required' },
      /"ca" cannot be null: clientCerts/,
    ],
    [
      'an old version',
      { pairs: [SHOP], minVersion: 'TLSv1' as never },
      /it is TLSv1.2 or TLSv1.3$/,
    ],
    [
      'no such choice',
      { pairs: [SHOP], clientCerts: 'yes' as never },
      /it is none, optional or re/,
    ],
    ['a misspelt option', { pairs: [SHOP], cipher: 'x' } as never, /did you mean "ciphers"/],
    [
      'a missing file',
      { pairs: [{ ...SHOP, key: 'none.key' }] },
      /^tlsFiles\(\): key cannot be read: ENOENT/,
    ],
    [
      'the key of another',
      { pairs: [{ ...SHOP, key: `${TLS}exact.key` }] },
      /exact.key and .*shop.pem do not belong/,
    ],
    [
      'a locked key',
      { pairs: [{ ...SHOP, key: inFolder('locked.key') }] },
      /locked.key is encrypted, and needs a pass/,
    ],
    [
      'authorities that are none',
      { pairs: [SHOP], ca: SHOP.key },
      /ca .*shop.key is no certificate in PEM/,
    ],
    [
      'damaged authorities',
      { pairs: [SHOP], ca: inFolder('damaged.pem') },
      /ca .*damaged.pem is damaged/,
    ],
    [
      'a list that is none',
      { pairs: [SHOP], ca: `${TLS}office-ca.pem`, crl: SHOP.cert },
      /crl .* is no X509 CRL in PEM/,
    ],
    [
      'authorities of which the last one is not whole',
      { pairs: [SHOP], ca: inFolder('half.pem') },
      /ca .*half.pem is damaged: one of its blocks has no end$/,
    ],
    [
      'lists of which the last one is not whole',
      { pairs: [SHOP], ca: `${TLS}office-ca.pem`, crl: inFolder('half.crl') },
      /crl .*half.crl is damaged: one of its blocks has no end$/,
    ],
    ['unknown ciphers', { pairs: [SHOP], ciphers: 'NOPE' }, /the ciphers "NOPE" cannot be used/],
  ])('refuses %s', (_what, options, message) => {
    expect(() => tlsFiles(options)).toThrow(message)
  })

  it('reads the passphrase from the first line of a file', () => {
    const pairs = [{ ...SHOP, key: inFolder('locked.key') }]
    expect(() => tlsFiles({ pairs, passphraseFile: inFolder('passphrase') })).not.toThrow()
  })

  it('shows no passphrase and no key in an error', () => {
    writeFileSync(inFolder('wrong'), 'my secret')
    const pairs = [{ ...SHOP, key: inFolder('locked.key') }]
    expect(() => tlsFiles({ pairs, passphraseFile: inFolder('wrong') })).toThrow(
      /locked\.key is encrypted, and the passphrase is wrong$/,
    )
  })
})
