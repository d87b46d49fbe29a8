// Reads the files of --tls-cert and --tls-key, which are given together.

import { readFileSync } from 'node:fs'
import { InvalidOptionError } from '../../errors.ts'
import { tlsFault } from '../../server/tls-fault.ts'
import type { ServeOptions } from '../../server/options.ts'
import type { ProcessOptions } from '../options-table.ts'

/**
 * Reads the files of a command line. Returns null for a server without TLS.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) if one of the two is missing or cannot be read, or
 *   if the server cannot use them
 */
export function readTls({
  tlsCert,
  tlsKey,
}: Pick<ProcessOptions, 'tlsCert' | 'tlsKey'>): ServeOptions['tls'] {
  if (tlsCert === null && tlsKey === null) return null
  if (tlsCert === null) throw new InvalidOptionError('--tls-key needs --tls-cert as well')
  if (tlsKey === null) throw new InvalidOptionError('--tls-cert needs --tls-key as well')
  const tls = { cert: readPem('--tls-cert', tlsCert), key: readPem('--tls-key', tlsKey) }
  const fault = tlsFault(tls)
  if (!fault) return tls
  const names = { cert: `--tls-cert ${tlsCert}`, key: `--tls-key ${tlsKey}` }
  const { part, reason } = fault
  const name = part === 'cert' || part === 'key' ? names[part] : `${names.key} and ${names.cert}`
  throw new InvalidOptionError(`${name} ${reason}`)
}

function readPem(flag: string, file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    // The system names the file for some of its errors only.
    const { message } = error as Error
    const name = message.includes(file) ? '' : ` (${file})`
    throw new InvalidOptionError(`${flag} cannot be read: ${message}${name}`)
  }
}
