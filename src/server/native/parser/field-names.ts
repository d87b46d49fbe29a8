// The common field names in lower case, found without making a string from the bytes.

const KNOWN = [
  'accept',
  'accept-charset',
  'accept-encoding',
  'accept-language',
  'access-control-request-headers',
  'access-control-request-method',
  'authorization',
  'cache-control',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'cookie',
  'date',
  'dnt',
  'expect',
  'forwarded',
  'host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'keep-alive',
  'origin',
  'pragma',
  'priority',
  'range',
  'referer',
  'sec-ch-ua',
  'sec-ch-ua-mobile',
  'sec-ch-ua-platform',
  'sec-fetch-dest',
  'sec-fetch-mode',
  'sec-fetch-site',
  'sec-fetch-user',
  'sec-gpc',
  'sec-websocket-extensions',
  'sec-websocket-key',
  'sec-websocket-protocol',
  'sec-websocket-version',
  'te',
  'traceparent',
  'tracestate',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'upgrade-insecure-requests',
  'user-agent',
  'via',
  'x-api-key',
  'x-correlation-id',
  'x-csrf-token',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-real-ip',
  'x-request-id',
  'x-requested-with',
]

interface KnownName {
  name: string
  octets: Uint8Array
}

const SLOTS = 512
const LETTER_CASE = 0x20
const LOWER_CASE = Uint8Array.from({ length: 256 }, (_, octet) =>
  octet >= 0x41 && octet <= 0x5a ? octet | LETTER_CASE : octet,
)
const TABLE: KnownName[][] = Array.from({ length: SLOTS }, () => [])
for (const name of KNOWN) {
  const octets = Buffer.from(name)
  TABLE[slot(octets, 0, octets.length)]?.push({ name, octets })
}

/** The name in lower case if the table knows it. Undefined says nothing about a name: it may be valid. */
export function knownFieldName(block: Uint8Array, start: number, end: number): string | undefined {
  for (const { name, octets } of TABLE[slot(block, start, end)] as KnownName[]) {
    if (octets.length === end - start && isSame(octets, block, start)) return name
  }
  return undefined
}

function slot(block: Uint8Array, start: number, end: number): number {
  const first = (block[start] as number) | LETTER_CASE
  const last = (block[end - 1] as number) | LETTER_CASE
  return ((end - start) * 31 + first * 7 + last) % SLOTS
}

function isSame(octets: Uint8Array, block: Uint8Array, start: number): boolean {
  for (let index = 0; index < octets.length; index++) {
    if (LOWER_CASE[block[start + index] as number] !== octets[index]) return false
  }
  return true
}
