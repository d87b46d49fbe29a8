// A certificate that follows its files: it is replaced as a whole, or not at all.

import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CertificatePair } from '../../../src/server/tls/certificate-pair.ts'

const TLS = 'test/fixtures/tls/'
const NAMES = { cert: 'cert', key: 'key', ca: 'ca', crl: 'crl', passphraseFile: 'passphraseFile' }
const LIMITS = { minVersion: 'TLSv1.2', ciphers: null } as const

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-pair-'))
  copy('shop')
})
afterEach(() => rmSync(folder, { recursive: true }))

function copy(name: string, parts: readonly string[] = ['pem', 'key']): void {
  for (const part of parts) copyFileSync(`${TLS}${name}.${part}`, join(folder, `server.${part}`))
}

function pairAt(at: string = folder): CertificatePair {
  const [cert, key] = [join(at, 'server.pem'), join(at, 'server.key')]
  const paths = { cert, key, ca: null, crl: null, passphraseFile: null }
  return new CertificatePair({ paths, names: NAMES }, LIMITS)
}

describe('a certificate from files', () => {
  it('stays as it is while its files stay, also if they are only touched', async () => {
    const pair = pairAt()
    const { context } = pair
    expect(await pair.refresh()).toBeNull()
    utimesSync(join(folder, 'server.pem'), new Date(), new Date(1_000_000))
    expect(await pair.refresh()).toBeNull()
    expect(pair.context).toBe(context)
  })

  it('is replaced by new files, which the log names', async () => {
    const pair = pairAt()
    copy('renewed')
    expect(await pair.refresh()).toEqual({
      level: 'info',
      fields: {
        file: join(folder, 'server.pem'),
        names: 'DNS:shop.example',
        validTo: '2125-01-01T00:00:00.000Z',
      },
      message: 'new TLS files are in use',
    })
    expect(pair.hasName('a.shop.example', true)).toBe(false)
    expect(await pair.refresh()).toBeNull()
  })

  it('stays until the key has come too, with one report', async () => {
    const pair = pairAt()
    await pair.refresh()
    copy('renewed', ['pem'])
    const fault = await pair.refresh()
    expect(fault).toMatchObject({
      level: 'error',
      message: expect.stringContaining('the old ones stay'),
    })
    expect(String(fault?.fields['err'])).toMatch(/do not belong together/)
    expect(await pair.refresh()).toBeNull()
    expect(pair.hasName('a.shop.example', true)).toBe(true)
    copy('renewed', ['key'])
    expect(await pair.refresh()).toMatchObject({ level: 'info' })
  })

  it('reports a second fault that differs, and nothing when the old files come back', async () => {
    const pair = pairAt()
    writeFileSync(join(folder, 'server.key'), '')
    expect(String((await pair.refresh())?.fields['err'])).toMatch(/server.key is empty/)
    rmSync(join(folder, 'server.key'))
    expect(String((await pair.refresh())?.fields['err'])).toMatch(/key cannot be read: ENOENT/)
    copy('shop')
    expect(await pair.refresh()).toBeNull()
    copy('renewed')
    expect(await pair.refresh()).toMatchObject({ level: 'info' })
  })

  it('follows a link that points to another folder, as Kubernetes and certbot replace files', async () => {
    for (const name of ['shop', 'renewed']) {
      mkdirSync(join(folder, name))
      for (const part of ['pem', 'key']) {
        copyFileSync(`${TLS}${name}.${part}`, join(folder, name, `server.${part}`))
      }
    }
    const link = join(folder, 'current')
    symlinkSync('shop', link)
    const pair = pairAt(link)
    await pair.refresh()
    symlinkSync('renewed', `${link}-new`)
    renameSync(`${link}-new`, link)
    expect(await pair.refresh()).toMatchObject({ level: 'info' })
    expect(pair.hasName('a.shop.example', true)).toBe(false)
  })

  // RFC 9525, 6.3: a wildcard stands for one whole label, and the common name is no name.
  it.each([
    ['shop.example', false, true],
    ['SHOP.example', false, true],
    ['www.shop.example', false, false],
    ['www.shop.example', true, true],
    ['a.www.shop.example', true, false],
    ['shop', true, false],
    ['', true, false],
  ])('has the name "%s" with wildcards: %s', (name, wildcards, has) => {
    expect(pairAt().hasName(name, wildcards)).toBe(has)
  })
})
