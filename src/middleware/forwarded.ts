// forwarded(): tells the app the client's address and scheme if proxies stand in front of the server.

import { isIP } from 'node:net'
import { checkNumber, completeOptions, invalidOption } from '../complete-options.ts'
import { parseHost } from '../http/host.ts'
import { listMembers } from '../http/list.ts'
import { trustOfAddresses, unmapped } from '../http/trusted-peers.ts'
import { middleware } from '../chain/middleware.ts'
import { respond } from '../chain/response.ts'
import { parseForwarded } from './forwarded-field.ts'
import type { Trust } from '../http/trusted-peers.ts'
import type { ChainRequest, RequestChanges } from '../chain/request.ts'
import type { RequestHeaders } from '../chain/request-headers.ts'
import type { Wrap } from '../chain/wrap.ts'

/** A fact about the request that a proxy can tell. */
export type ForwardedFact = 'for' | 'proto' | 'host' | 'port' | 'prefix'

/** Options of {@link forwarded}. */
export interface ForwardedOptions {
  /**
   * The trusted proxies: addresses, CIDR ranges, `loopback`, `private` (RFC 1918, RFC 4193), `link-local`, and `unix`
   * for a peer on a unix socket, which has no address. `::/0` contains no IPv4 address. Default `loopback`.
   */
  trust?: readonly string[] | undefined
  /**
   * The number of proxies between the client and the server, in place of `trust`: the nearest ones vouch, at any
   * address. It is safe only if each request passes this many proxies, and each of them adds an address to the list: a
   * client that reaches the server past a proxy chooses its address. Default: `trust` decides.
   */
  hops?: number | undefined
  /** The headers that the proxies set: `X-Forwarded-*`, or `Forwarded` (RFC 7239), never both. Default `x-forwarded`. */
  header?: 'x-forwarded' | 'forwarded' | undefined
  /**
   * The facts to take. List a fact only if the proxies always set or remove its header, because they may pass on a
   * header that the client forged. `port` and `prefix` exist in `X-Forwarded-*` only. Default `for` and `proto`.
   */
  take?: readonly ForwardedFact[] | undefined
}

const DEFAULTS = {
  trust: ['loopback'] as readonly string[],
  hops: undefined as number | undefined,
  header: 'x-forwarded' as 'x-forwarded' | 'forwarded',
  take: ['for', 'proto'] as readonly ForwardedFact[],
}

const FACTS: readonly ForwardedFact[] = ['for', 'proto', 'host', 'port', 'prefix']
const X_FIELDS = FACTS.map((fact) => `x-forwarded-${fact}`)
const ALL_FIELDS = ['forwarded', ...X_FIELDS]

type Client = [host: string, port: number]

/** The facts that the proxies tell about a request. `client` is null if a proxy hides it. */
interface Facts {
  client: Client | null
  proto?: string | undefined
  host?: string | undefined
  port?: string | undefined
  prefix?: string | undefined
}

/**
 * Gives the app the client's address, the scheme, and the other facts of `take`, from the headers that trusted proxies
 * set. It reads the list of addresses from the right: each trusted address vouches for the one to its left, and the first
 * address that is not trusted is the client. With `hops` the position decides in place of the address. The client itself
 * may have written the addresses to the left of that one. A client that a proxy hides (`unknown`, `_name`, or no address
 * at all) is null; an unknown port is 0.
 *
 * It removes the fields that it does not use, so that the app cannot trust them by mistake: all of them if the peer is
 * not trusted, else the fields of the other kind and those of facts that are not taken. It answers a malformed
 * `Forwarded` field with 400.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an unknown option or an impossible value
 * @see RFC 7239
 *
 * @example
 * chain(forwarded({ trust: ['loopback', '10.0.0.0/8'] }), accessLog())(app)
 *
 * @example
 * chain(forwarded({ hops: 2 }), accessLog())(app)
 */
export function forwarded(options: ForwardedOptions = {}): Wrap {
  const { header, take, isTrusted } = checked(options)
  const fields = header === 'forwarded' ? ['forwarded'] : take.map((fact) => `x-forwarded-${fact}`)
  const unused = ALL_FIELDS.filter((field) => !fields.includes(field))
  const read = header === 'forwarded' ? readForwarded : readXForwarded

  return middleware('forwarded', function* (request, next) {
    const { headers } = request
    const isTold = fields.some((field) => headers.has(field))
    const isUsed = isTold && isTrusted(request.client, 0)
    const removed = (isUsed ? unused : ALL_FIELDS).filter((field) => headers.has(field))
    if (!isUsed && removed.length === 0) return yield* next(request)

    const facts = isUsed ? read(request, isTrusted) : undefined
    if (facts === null) {
      return respond(400, [['content-type', 'text/plain']], 'Forwarded is malformed\n')
    }
    return yield* next(request.with(changesFor(request, { facts, take, removed })))
  })
}

// --- reading the headers ---

function readXForwarded(request: ChainRequest, isTrusted: Trust): Facts {
  const { headers } = request
  const nodes = listOf(headers, 'x-forwarded-for')
  const at = indexOfClient(request, nodes, isTrusted)
  // If each proxy added a value, the value at the position of the client's address belongs to it; else the last value
  // is that of the nearest proxy.
  const atClient = (field: string): string | undefined => {
    const values = listOf(headers, field)
    return values.length === nodes.length ? values[at] : values.at(-1)
  }
  return {
    client: at < nodes.length ? clientOf(nodes[at]) : (request.client as Client | null),
    proto: atClient('x-forwarded-proto'),
    host: atClient('x-forwarded-host'),
    port: atClient('x-forwarded-port'),
    prefix: listOf(headers, 'x-forwarded-prefix').at(-1),
  }
}

function readForwarded(request: ChainRequest, isTrusted: Trust): Facts | null {
  const elements = parseForwarded(request.headers.get('forwarded') ?? '')
  if (!elements) return null
  const nodes = elements.map((element) => element['for'])
  const at = indexOfClient(request, nodes, isTrusted)
  const { proto, host } = elements[at] ?? {}
  const client = at < nodes.length ? clientOf(nodes[at]) : (request.client as Client | null)
  return { client, proto, host }
}

/** The index of the client in `nodes`: from the right, the first node that is not trusted to vouch for another. */
function indexOfClient(
  request: ChainRequest,
  nodes: ReadonlyArray<string | undefined>,
  isTrusted: Trust,
): number {
  let at = nodes.length
  let client = request.client as Client | null
  while (at > 0 && isTrusted(client, nodes.length - at)) {
    at -= 1
    client = clientOf(nodes[at])
  }
  return at
}

function listOf(headers: RequestHeaders, name: string): string[] {
  const field = headers.get(name)
  const values = field === undefined ? [] : listMembers(field)
  // RFC 9110, 5.6.1: a recipient ignores empty elements.
  return values.filter((value) => value !== '')
}

const NODE = /^(?:\[([\da-f:.]+)\]|([\d.]+))(?::(\d{1,5}))?$/i

// RFC 7239, 6, and an IPv6 address without brackets, which some proxies send.
function clientOf(node: string | undefined): Client | null {
  if (node === undefined) return null
  const [, bracketed, plain, port] = NODE.exec(node) ?? [node, node]
  const host = bracketed ?? plain ?? ''
  if (isIP(host) === 0 || host.includes('%')) return null
  return [unmapped(host), Number(port ?? 0)]
}

// --- changing the request ---

interface Findings {
  facts: Facts | undefined
  take: readonly ForwardedFact[]
  removed: readonly string[]
}

function changesFor(request: ChainRequest, { facts, take, removed }: Findings): RequestChanges {
  const headers: Record<string, string | null> = {}
  for (const field of removed) headers[field] = null
  const changes: RequestChanges = { headers }
  if (!facts) return changes

  if (take.includes('for')) changes.client = facts.client
  if (take.includes('proto')) changes.scheme = schemeOf(facts.proto) ?? request.scheme
  const host = hostOf(request, facts, take)
  if (host !== undefined) headers['host'] = host
  if (!take.includes('prefix') || !isPrefix(facts.prefix)) return changes
  return {
    ...changes,
    rootPath: facts.prefix + request.rootPath,
    path: facts.prefix + request.path,
  }
}

function schemeOf(proto: string | undefined): 'http' | 'https' | undefined {
  const scheme = proto?.toLowerCase()
  if (scheme === 'https' || scheme === 'wss') return 'https'
  return scheme === 'http' || scheme === 'ws' ? 'http' : undefined
}

function hostOf(request: ChainRequest, facts: Facts, take: Findings['take']): string | undefined {
  const isTaken =
    take.includes('host') && facts.host !== undefined && parseHost(facts.host) !== null
  const field = isTaken ? facts.host : request.headers.get('host')
  const host = parseHost(field ?? '')
  const port = take.includes('port') ? Number(facts.port ?? NaN) : NaN
  if (!host || !Number.isInteger(port) || port < 1 || port > 65_535)
    return isTaken ? field : undefined
  return `${host.name}:${port}`
}

// A path of segments without `.` and `..`, which lead out of the prefix, and without `//`, which names another host.
function isPrefix(prefix: string | undefined): prefix is string {
  return prefix !== undefined && /^(?:\/(?!\.{1,2}(?:\/|$))[\w.~-]+)+$/.test(prefix)
}

function checked(options: ForwardedOptions) {
  const { trust, hops, header, take } = completeOptions('forwarded', options, DEFAULTS)
  const refused = (option: string, value: unknown, remedy: string): Error =>
    invalidOption('forwarded', option, value, remedy)

  if (hops !== undefined) checkNumber('forwarded', 'hops', hops, { min: 0, isWhole: true })
  if (hops !== undefined && options.trust !== undefined) {
    throw refused('hops', hops, 'the option "trust" names the proxies already')
  }
  if (!Array.isArray(trust))
    throw refused('trust', trust, "it is a list of proxies, such as ['10.0.0.0/8']")
  if (header !== 'x-forwarded' && header !== 'forwarded') {
    throw refused('header', header, 'it is x-forwarded or forwarded')
  }
  const possible = header === 'forwarded' ? FACTS.slice(0, 3) : FACTS
  if (!Array.isArray(take) || !take.every((fact: ForwardedFact) => possible.includes(fact))) {
    throw refused('take', take, `it is a list of some of ${possible.join(', ')}`)
  }
  const isTrusted: Trust =
    hops === undefined
      ? trustOfAddresses(trust, (entry, remedy) => refused('trust', entry, remedy))
      : (_client, hop) => hop < hops
  return { header, take: take as readonly ForwardedFact[], isTrusted }
}
