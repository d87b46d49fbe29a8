// Headers of the PROXY protocol, as a proxy writes them.

type Ends = { client: readonly (string | number)[]; server: readonly (string | number)[] }

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')

/** A header of version 1. */
export function v1(line: string): Buffer {
  return Buffer.from(`${line}\r\n`, 'latin1')
}

/** A header of version 2, by default PROXY over TCP4. */
export function v2(
  { client, server }: Ends,
  options: { command?: number; family?: number; addresses?: Buffer; fields?: Buffer } = {},
): Buffer {
  const { command = 0x21, family = 0x11, fields = Buffer.of() } = options
  const ports = Buffer.alloc(4)
  ports.writeUInt16BE(Number(client[1]), 0)
  ports.writeUInt16BE(Number(server[1]), 2)
  const hosts = [client, server].map(([host]) => bytesOf(String(host)))
  const addresses = options.addresses ?? Buffer.concat([...hosts, ports])
  const head = Buffer.of(command, family, 0, 0)
  head.writeUInt16BE(addresses.length + fields.length, 2)
  return Buffer.concat([SIGNATURE, head, addresses, fields])
}

function bytesOf(host: string): Buffer {
  if (!host.includes(':')) return Buffer.from(host.split('.').map(Number))
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(host)?.[1]
  if (mapped) return Buffer.concat([Buffer.alloc(10), Buffer.of(0xff, 0xff), bytesOf(mapped)])
  const [left = '', right] = host.split('::')
  const groups = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))
  const [before, after] = [groups(left), right === undefined ? [] : groups(right)]
  const all = [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after]
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 255]))
}
