// One line of the access log: its fields, its sentence, and nothing in it that a client could forge.

import type { Log } from '../contract/log.ts'
import type { ChainRequest } from './request.ts'

/** Writes the line: what the message says after the path, and the fields besides those of the request. */
type WriteLine = (says: string, fields: Record<string, unknown>) => void

// Controls, blanks, quotes, the backslash and all beyond ASCII: nothing that a client sends can end a line,
// start an escape sequence of a terminal, or look like another field.
const UNSAFE = /[^\x21\x23-\x5b\x5d-\x7e]/gu

/** Starts the clock of an exchange, and returns what writes its lines to `log` at `info`. */
export function lineWriter(request: ChainRequest, log: Log): WriteLine {
  const startedAt = performance.now()
  const method = request.kind === 'http' ? escaped(request.method) : 'WEBSOCKET'
  const path = escaped(request.rawPath)

  return (says, fields) => {
    const durationMs = Math.round((performance.now() - startedAt) * 10) / 10
    const client = clientOf(request)
    log.info({ client, method, path, ...fields, durationMs }, `${method} ${path} ${says}`)
  }
}

function clientOf({ client }: ChainRequest): string | null {
  if (!client) return null
  const host = escaped(client[0])
  return host.includes(':') ? `[${host}]:${client[1]}` : `${host}:${client[1]}`
}

function escaped(text: string): string {
  return text.replaceAll(UNSAFE, (character) => {
    const code = character.codePointAt(0) ?? 0
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`
  })
}
