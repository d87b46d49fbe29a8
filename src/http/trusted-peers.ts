// The peers that a server trusts to tell the address of a client: a list of addresses and ranges.

import { BlockList, isIP } from 'node:net'

/** The address and the port of a peer, or of a node in a field; null for a peer without an address, and a hidden node. */
type Client = readonly [host: string, port: number] | null

/**
 * Tells if `client` may vouch for the node before it. `hop` is 0 for the peer of the server, 1 for the last node of the
 * field, and so on.
 */
export type Trust = (client: Client, hop: number) => boolean

const RANGES: ReadonlyMap<string, readonly string[]> = new Map([
  ['loopback', ['127.0.0.0/8', '::1']],
  ['private', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']],
  ['link-local', ['169.254.0.0/16', 'fe80::/10']],
])
// A check of a BlockList costs two microseconds, and a server has few proxies.
const MAX_REMEMBERED = 512

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

type Family = 'ipv4' | 'ipv6'
type Lists = Record<Family, BlockList>
type Refused = (entry: unknown, remedy: string) => Error

/**
 * The trust in the addresses of a list. A hidden node vouches for no other, even if unix sockets, which have no address
 * either, are trusted.
 *
 * @param refused makes the error for an entry that is no address and no range, which is thrown
 */
export function trustOfAddresses(entries: readonly string[], refused: Refused): Trust {
  // One list for each family: a BlockList also compares an IPv4 address as ::ffff:a.b.c.d, so that a wide range of IPv6
  // would contain all of IPv4.
  const lists: Lists = { ipv4: new BlockList(), ipv6: new BlockList() }
  for (const range of entries.flatMap((entry) => RANGES.get(entry) ?? entry))
    addRange(lists, range, refused)
  const isUnixTrusted = entries.includes('unix')
  const remembered = new Map<string, boolean>()

  return (client, hop) => {
    if (!client) return hop === 0 && isUnixTrusted
    const [host] = client
    const known = remembered.get(host)
    if (known !== undefined) return known
    const address = unmapped(host)
    const family = familyOf(address)
    const isTrusted = family !== undefined && lists[family].check(address, family)
    if (remembered.size >= MAX_REMEMBERED) remembered.clear()
    remembered.set(host, isTrusted)
    return isTrusted
  }
}

function addRange(lists: Lists, range: string, refused: Refused): void {
  if (range === 'unix') return
  const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(range) ?? []
  const family = familyOf(address)
  const length = family === 'ipv6' ? 128 : 32
  if (family === undefined || Number(bits ?? length) > length) {
    const remedy =
      'it is an address, a range such as 10.0.0.0/8, loopback, private, link-local or unix'
    throw refused(range, remedy)
  }
  // A mapped address is compared as IPv4, so a range of mapped addresses is a range of IPv4.
  const mapped = MAPPED.exec(address)?.[1]
  if (mapped !== undefined && Number(bits ?? length) >= 96) {
    return lists.ipv4.addSubnet(mapped, Number(bits ?? length) - 96, 'ipv4')
  }
  lists[family].addSubnet(address, Number(bits ?? length), family)
}

/** An address of IPv4 that is written as one of IPv6, in its own spelling; another host as it is. */
export function unmapped(host: string): string {
  return MAPPED.exec(host)?.[1] ?? host
}

function familyOf(address: string): Family | undefined {
  const version = isIP(address)
  return version === 0 ? undefined : `ipv${version as 4 | 6}`
}
