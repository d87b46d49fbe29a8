// A FormData as multipart/form-data (RFC 7578), in the same bytes as from `fetch`.

import { randomUUID } from 'node:crypto'
import type { PreparedBody } from './request-feed.ts'

/** Encodes `form`. The length is known before the files are read. */
export function encodedForm(form: FormData): PreparedBody {
  const boundary = `----isthmus-${randomUUID()}`
  const parts: Array<Uint8Array | Blob> = []
  for (const [name, value] of form) {
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${quoted(lines(name))}"`
    if (typeof value === 'string') parts.push(bytesOf(`${head}\r\n\r\n${lines(value)}\r\n`))
    else parts.push(bytesOf(`${head}${fileFields(value)}\r\n\r\n`), value, bytesOf('\r\n'))
  }
  parts.push(bytesOf(`--${boundary}--\r\n`))

  const length = parts.reduce((sum, part) => sum + sizeOf(part), 0)
  return { chunks: bytesIn(parts), length, type: `multipart/form-data; boundary=${boundary}` }
}

function fileFields({ name, type }: File): string {
  const filename = name === '' ? '' : `; filename="${quoted(name)}"`
  return `${filename}\r\nContent-Type: ${type || 'application/octet-stream'}`
}

// HTML, "Multipart form data": line ends become CRLF, and three characters of names are percent-encoded.
function lines(text: string): string {
  return text.replace(/\r\n|\r|\n/g, '\r\n')
}

function quoted(name: string): string {
  return name.replaceAll('\n', '%0A').replaceAll('\r', '%0D').replaceAll('"', '%22')
}

function sizeOf(part: Uint8Array | Blob): number {
  return part instanceof Uint8Array ? part.byteLength : part.size
}

async function* bytesIn(parts: Array<Uint8Array | Blob>): AsyncGenerator<Uint8Array, void> {
  for (const part of parts) {
    if (part instanceof Uint8Array) yield part
    else yield* part.stream()
  }
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
