// An answer of one of the two apps, as it is compared.

import type { Buffer } from 'node:buffer'
import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate } from 'node:zlib'
import { getListHeader } from '../../http/headers.ts'
import { listMembers } from '../../http/list.ts'
import type { ComparedAnswer } from '../options.ts'

/** A whole answer, or the beginning of one that is longer than `maxBodyBytes`. */
export interface Answer extends ComparedAnswer {
  isCut: boolean
}

type Decode = (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>

const DECODERS = new Map<string, Decode>([
  ['gzip', promisify(gunzip) as Decode],
  ['x-gzip', promisify(gunzip) as Decode],
  ['deflate', promisify(inflate) as Decode],
  ['br', promisify(brotliDecompress) as Decode],
])

/**
 * `answer` without the coding of its content (RFC 9110, 8.4), in threads of Node. An answer that cannot be decoded, or is
 * longer than `maxBytes` then, stays as it is.
 */
export async function decoded(answer: Answer, maxBytes: number): Promise<Answer> {
  const coding = getListHeader(answer.headers, 'content-encoding')
  if (coding === undefined || answer.body.length === 0 || answer.isCut) return answer
  try {
    let { body } = answer
    for (const name of listMembers(coding.toLowerCase()).toReversed()) {
      if (name === 'identity' || name === '') continue
      const decode = DECODERS.get(name)
      if (decode === undefined) return answer
      body = await decode(body, { maxOutputLength: Math.max(1, maxBytes) })
    }
    return { ...answer, body }
  } catch {
    return answer
  }
}
