// forwarded() beside the package proxy-addr, which Express uses: both find the same client, apart from the differences that
// this file names.

import fc from 'fast-check'
import { isIP } from 'node:net'
import proxyAddr from 'proxy-addr'
import { describe, expect, it } from 'vitest'
import { forwarded } from '../../../src/middleware/forwarded.ts'
import { askThrough } from '../../chain/ask-through.ts'
import type { IncomingMessage } from 'node:http'

interface Case {
  /** The list of trusted addresses, or the number of proxies. */
  trust: string[] | number
  peer: string
  nodes: string[]
  separator: string
}

// The names of the ranges, ours and theirs.
const RANGES: Record<string, string> = {
  loopback: 'loopback',
  private: 'uniquelocal',
  'link-local': 'linklocal',
}

// --- the differences on purpose ---

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

/** RFC 9110, 5.6.1: a recipient ignores empty elements of a list. proxy-addr takes one for a client without a name. */
const withoutEmpty = (nodes: string[]): string[] => nodes.filter((node) => node.trim() !== '')

/** White space around an element may be tabs (RFC 9110, 5.6.3). proxy-addr knows spaces only. */
const withoutTabs = (nodes: string[]): string[] => nodes.map((node) => node.trim())

/** RFC 7239, 6: a node may have a port, and some proxies send one. proxy-addr takes such a node for a name. */
const withoutPorts = (nodes: string[]): string[] =>
  nodes.map((node) => node.replace(/^(?:\[(.+)\]|([\d.]+))(?::\d{1,5})?$/, '$1$2'))

/**
 * proxy-addr takes `127.1`, `0x7f.0.0.1` and `2130706433` for addresses, and trusts them as loopback. No proxy writes
 * them, but a client can.
 */
const withoutLooseAddresses = (nodes: string[]): string[] =>
  nodes.map((node) => (/^[\da-fx.]+$/i.test(node) && isIP(node) === 0 ? `name-${node}` : node))

/** A scope id belongs to one machine, so an address that crossed a network cannot have one. */
const withoutScopes = (nodes: string[]): string[] =>
  nodes.map((node) => (node.includes('%') ? 'name' : node))

/** The client of a hidden node is null, and its name is not taken for an address. */
const orHidden = (address: string): string | null => (isIP(address) === 0 ? null : address)

/** An IPv4 client has one spelling, so that apps can compare it. */
const unmapped = (address: string): string => MAPPED.exec(address)?.[1] ?? address

function theirs({ trust, peer, nodes }: Case): string | null {
  const told = [withoutTabs, withoutEmpty, withoutPorts, withoutScopes, withoutLooseAddresses]
  const list = told.reduce((left, change) => change(left), nodes).join(', ')
  const request = { headers: { 'x-forwarded-for': list }, socket: { remoteAddress: peer } }
  const found = proxyAddr(request as unknown as IncomingMessage, asTheirs(trust))
  return orHidden(unmapped(found))
}

/** Express makes the same function from a number in `trust proxy`. */
function asTheirs(trust: Case['trust']): string[] | ((address: string, hop: number) => boolean) {
  if (typeof trust === 'number') return (_address, hop) => hop < trust
  return trust.map((entry) => RANGES[entry] ?? entry)
}

async function ours({ trust, peer, nodes, separator }: Case): Promise<string | null> {
  const headers = { 'x-forwarded-for': nodes.join(separator).trim() }
  const wrap = forwarded(typeof trust === 'number' ? { hops: trust } : { trust })
  const { seen } = await askThrough(wrap, {
    headers,
    options: { client: [peer, 4711] },
  })
  const client = seen?.client
  return client ? unmapped(client[0]) : null
}

// --- the cases ---

const addresses = [
  '127.0.0.1',
  '127.8.9.10',
  '10.0.0.1',
  '10.1.2.3',
  '172.16.0.1',
  '172.32.0.1',
  '192.0.2.7',
  '169.254.3.4',
  '::1',
  'fd00::5',
  'fe80::1',
  '2001:db8::1',
  '2001:DB8:0::1',
  '8.8.8.8',
]
const address = fc.constantFrom(...addresses)
const nodeOf = fc.oneof(
  { arbitrary: address, weight: 6 },
  fc.constantFrom('', 'unknown', '_hidden', 'a.test', '256.1.1.1', '1.2.3', '::g', 'fe80::1%eth0'),
  fc.constantFrom('127.1', '0x7f.0.0.1', '2130706433', '0177.0.0.1', '::ffff:127.0.0.1'),
  fc.constantFrom('::ffff:10.0.0.1', '::ffff:192.0.2.9', '10.0.0.1:80', '192.0.2.1:4711'),
  fc.constantFrom('[::1]', '[2001:db8::1]:80', '[fd00::5]:1', '\t10.0.0.1', '127.0.0.1\t'),
)
const entry = fc.oneof(
  fc.constantFrom('loopback', 'private', 'link-local'),
  fc.constantFrom('10.0.0.0/8', '10.0.0.1', '192.0.2.0/24', '8.8.8.8/32', '2001:db8::/32', '::1'),
  fc.constantFrom('172.16.0.0/12', 'fd00::5', 'fe80::/10', '128.0.0.0/1', '::/1'),
  fc.constantFrom('::ffff:10.0.0.0/104', '::ffff:192.0.2.7'),
)
const cases: fc.Arbitrary<Case> = fc.record({
  trust: fc.oneof(
    { arbitrary: fc.array(entry, { minLength: 1, maxLength: 4 }), weight: 3 },
    { arbitrary: fc.nat(8), weight: 1 },
  ),
  peer: fc.oneof(address, fc.constantFrom('::ffff:127.0.0.1', '::ffff:10.0.0.1')),
  nodes: fc.array(nodeOf, { minLength: 1, maxLength: 6 }),
  separator: fc.constantFrom(', ', ',', ' ,  '),
})

describe('forwarded() beside proxy-addr', () => {
  it('finds the same client', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (one) => {
        expect(await ours(one)).toBe(theirs(one))
      }),
      { seed: 7239, numRuns: 2_000 },
    )
  }, 60_000)
})
