// forwarded(): who has asked, where proxies stand in between.

import { BlockList, isIP } from 'node:net'
import { parse } from 'forwarded-parse'
import { completeOptions, invalidOption } from '../complete-options.ts'
import { parseHost } from '../http/host.ts'
import { middleware } from '../chain/middleware.ts'
import { respond } from '../chain/response.ts'
import type { ChainRequest, RequestChanges } from '../chain/request.ts'
import type { RequestHeaders } from '../chain/request-headers.ts'
import type { Wrap } from '../chain/wrap.ts'

/** What a proxy may say of a request. */
export type ForwardedFact = 'for' | 'proto' | 'host' | 'port' | 'prefix'

/** Options of {@link forwarded}. */
export interface ForwardedOptions {
  /**
   * The proxies: addresses, CIDR ranges, `loopback`, `private` (RFC 1918, RFC 4193), `link-local`, and
   * `unix` for a peer without an address, on a unix socket. Default `loopback`.
   */
  trust?: readonly string[] | undefined
  /** How the proxies say it: in `X-Forwarded-*`, or in `Forwarded` (RFC 7239). Never both. Default `x-forwarded`. */
  header?: 'x-forwarded' | 'forwarded' | undefined
  /**
   * What to believe: only what the proxies set themselves, whatever the client sends. `port` and `prefix` are of
   * `X-Forwarded-*` alone. Default `for` and `proto`.
   */
  take?: readonly ForwardedFact[] | undefined
}

const DEFAULTS = {
  trust: ['loopback'] as readonly string[],
  header: 'x-forwarded' as 'x-forwarded' | 'forwarded',
  take: ['for', 'proto'] as readonly ForwardedFact[],
}

const FACTS: readonly ForwardedFact[] = ['for', 'proto', 'host', 'port', 'prefix']
const X_FIELDS = FACTS.map((fact) => `x-forwarded-${fact}`)
const ALL_FIELDS = ['forwarded', ...X_FIELDS]

type Client = [host: string, port: number]

/** What is believed of a request. `client` is null where a proxy does not tell. */
interface Facts {
  client: Client | null
  proto?: string | undefined
  host?: string | undefined
  port?: string | undefined
  prefix?: string | undefined
}

/**
 * Gives the app the client's address, the scheme, and what else is taken, as the proxies in front say them. The chain of
 * addresses is read from the right: each that is trusted vouches for the one to its left, and the first that is not is the
 * client; what stands further left anybody may have written. A client that a proxy hides (`unknown`, `_name`, or no
 * address at all) is null; a port that is not told is 0.
 *
 * Fields that are not believed are taken away, so that the app cannot believe them either: all of them where the peer is
 * not trusted, else those of the other kind and those that are not taken. A `Forwarded` that is malformed is answered 400.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an option that is unknown or impossible
 * @see RFC 7239
 *
 * @example
 * chain(forwarded({ trust: ['loopback', '10.0.0.0/8'] }), accessLog())(app)
 */
export function forwarded(options: ForwardedOptions = {}): Wrap {
  const { header, take, isTrusted } = checked(options)
  const fields = header === 'forwarded' ? ['forwarded'] : take.map((fact) => `x-forwarded-${fact}`)
  const unbelieved = ALL_FIELDS.filter((field) => !fields.includes(field))
  const read = header === 'forwarded' ? readForwarded : readXForwarded

  return middleware('forwarded', function* (request, next) {
    const { headers } = request
    const isSaid = fields.some((field) => headers.has(field))
    const isBelieved = isSaid && isTrusted(request.client)
    const removed = (isBelieved ? unbelieved : ALL_FIELDS).filter((field) => headers.has(field))
    if (!isBelieved && removed.length === 0) return yield* next(request)

    const facts = isBelieved ? read(request, isTrusted) : undefined
    if (facts === null) {
      return respond(400, [['content-type', 'text/plain']], 'Forwarded is malformed\n')
    }
    return yield* next(request.with(changesFor(request, { facts, take, removed })))
  })
}

// --- what is said ---

type Trust = (client: readonly [host: string, port: number] | null) => boolean

function readXForwarded(request: ChainRequest, isTrusted: Trust): Facts {
  const { headers } = request
  const nodes = listOf(headers, 'x-forwarded-for')
  const at = vouchedFor(request, nodes, isTrusted)
  // Where each proxy has added its own, it stands beside the address; else the nearest proxy is the one to believe.
  const beside = (field: string): string | undefined => {
    const values = listOf(headers, field)
    return values.length === nodes.length ? values[at] : values.at(-1)
  }
  return {
    client: at < nodes.length ? clientOf(nodes[at]) : (request.client as Client | null),
    proto: beside('x-forwarded-proto'),
    host: beside('x-forwarded-host'),
    port: beside('x-forwarded-port'),
    prefix: listOf(headers, 'x-forwarded-prefix').at(-1),
  }
}

function readForwarded(request: ChainRequest, isTrusted: Trust): Facts | null {
  const elements = elementsOf(request.headers.get('forwarded') ?? '')
  if (!elements) return null
  const nodes = elements.map((element) => element['for'])
  const at = vouchedFor(request, nodes, isTrusted)
  const { proto, host } = elements[at] ?? {}
  return { client: clientOf(nodes[at]), proto, host }
}

// Never right to left here: a quotation mark of the client's could swallow what a proxy has added.
function elementsOf(field: string): Array<Record<string, string>> | null {
  try {
    return parse(field)
  } catch {
    return null
  }
}

/** Which of `nodes` is the client: from the right, the first whose own address is not trusted to name another. */
function vouchedFor(
  request: ChainRequest,
  nodes: ReadonlyArray<string | undefined>,
  isTrusted: Trust,
): number {
  let at = nodes.length
  let client = request.client as Client | null
  while (at > 0 && isTrusted(client)) {
    at -= 1
    client = clientOf(nodes[at])
    // Who hides vouches for nobody, also where a unix socket is trusted.
    if (!client) break
  }
  return at
}

function listOf(headers: RequestHeaders, name: string): string[] {
  const field = headers.get(name)
  const values = field?.split(',').map((value) => value.trim()) ?? []
  // RFC 9110, 5.6.1: an empty element is none.
  return values.filter((value) => value !== '')
}

const NODE = /^(?:\[([\da-f:.]+)\]|([\d.]+))(?::(\d{1,5}))?$/i
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

// RFC 7239, 6, and what is seen in the wild: an IPv6 address without brackets.
function clientOf(node: string | undefined): Client | null {
  if (node === undefined) return null
  const [, bracketed, plain, port] = NODE.exec(node) ?? [node, node]
  const host = bracketed ?? plain ?? ''
  if (isIP(host) === 0 || host.includes('%')) return null
  return [MAPPED.exec(host)?.[1] ?? host, Number(port ?? 0)]
}

// --- what becomes of it ---

interface Believed {
  facts: Facts | undefined
  take: readonly ForwardedFact[]
  removed: readonly string[]
}

function changesFor(request: ChainRequest, { facts, take, removed }: Believed): RequestChanges {
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

function hostOf(request: ChainRequest, facts: Facts, take: Believed['take']): string | undefined {
  const isTaken =
    take.includes('host') && facts.host !== undefined && parseHost(facts.host) !== null
  const field = isTaken ? facts.host : request.headers.get('host')
  const host = parseHost(field ?? '')
  const port = take.includes('port') ? Number(facts.port ?? NaN) : NaN
  if (!host || !Number.isInteger(port) || port < 1 || port > 65_535)
    return isTaken ? field : undefined
  return `${host.name}:${port}`
}

// A prefix of segments, none of which leads out of it, or, with //, to another host.
function isPrefix(prefix: string | undefined): prefix is string {
  return prefix !== undefined && /^(?:\/(?!\.{1,2}(?:\/|$))[\w.~-]+)+$/.test(prefix)
}

// --- who is believed ---

const RANGES: ReadonlyMap<string, readonly string[]> = new Map([
  ['loopback', ['127.0.0.0/8', '::1']],
  ['private', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']],
  ['link-local', ['169.254.0.0/16', 'fe80::/10']],
])
// A check costs two microseconds, and proxies are few.
const MAX_REMEMBERED = 512

function trustOf(entries: readonly string[]): Trust {
  const list = new BlockList()
  for (const range of entries.flatMap((entry) => RANGES.get(entry) ?? entry)) addRange(list, range)
  const isUnixTrusted = entries.includes('unix')
  const remembered = new Map<string, boolean>()

  return (client) => {
    if (!client) return isUnixTrusted
    const [host] = client
    const known = remembered.get(host)
    if (known !== undefined) return known
    const version = isIP(host)
    const isTrusted = version !== 0 && list.check(host, version === 6 ? 'ipv6' : 'ipv4')
    if (remembered.size >= MAX_REMEMBERED) remembered.clear()
    remembered.set(host, isTrusted)
    return isTrusted
  }
}

function addRange(list: BlockList, range: string): void {
  if (range === 'unix') return
  const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(range) ?? []
  const version = isIP(address)
  const length = version === 6 ? 128 : 32
  if (version === 0 || Number(bits ?? length) > length) {
    const remedy =
      'it is an address, a range like 10.0.0.0/8, loopback, private, link-local or unix'
    throw invalidOption('forwarded', 'trust', range, remedy)
  }
  list.addSubnet(address, Number(bits ?? length), version === 6 ? 'ipv6' : 'ipv4')
}

function checked(options: ForwardedOptions) {
  const { trust, header, take } = completeOptions('forwarded', options, DEFAULTS)
  const refused = (option: string, value: unknown, remedy: string): Error =>
    invalidOption('forwarded', option, value, remedy)

  if (!Array.isArray(trust)) throw refused('trust', trust, "it lists proxies, as in ['10.0.0.0/8']")
  if (header !== 'x-forwarded' && header !== 'forwarded') {
    throw refused('header', header, 'it is x-forwarded or forwarded')
  }
  const possible = header === 'forwarded' ? FACTS.slice(0, 3) : FACTS
  if (!Array.isArray(take) || !take.every((fact: ForwardedFact) => possible.includes(fact))) {
    throw refused('take', take, `it lists some of ${possible.join(', ')}`)
  }
  return { header, take: take as readonly ForwardedFact[], isTrusted: trustOf(trust) }
}
