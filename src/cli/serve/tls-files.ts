// Reads the files of --tls-cert and --tls-key, which are given together.

import { readFileSync } from 'node:fs'
import { InvalidOptionError } from '../../errors.ts'
import type { ServeOptions } from '../../server/options.ts'
import type { ProcessOptions } from '../options-table.ts'

/**
 * Reads the files of a command line. Returns null for a server without TLS.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) if one of the two is missing, or cannot be read
 */
export function readTls({
  tlsCert,
  tlsKey,
}: Pick<ProcessOptions, 'tlsCert' | 'tlsKey'>): ServeOptions['tls'] {
  if (tlsCert === null && tlsKey === null) return null
  if (tlsCert === null) throw new InvalidOptionError('--tls-key needs --tls-cert as well')
  if (tlsKey === null) throw new InvalidOptionError('--tls-cert needs --tls-key as well')
  return { cert: readPem('--tls-cert', tlsCert), key: readPem('--tls-key', tlsKey) }
}

function readPem(flag: string, file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new InvalidOptionError(`${flag} cannot be read: ${(error as Error).message}`)
  }
}
