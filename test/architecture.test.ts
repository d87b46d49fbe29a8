// The shape of src: the direction of imports, the public names, and the habits that are forbidden.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import {
  cycles,
  foreignPackages,
  keptClosures,
  layering,
  looseEnds,
  publicNames,
  reexports,
  shape,
  unusedExports,
} from './architecture/rules.ts'
import { slowExpressions } from './architecture/slow-expressions.ts'
import { parseSource } from './architecture/source-file.ts'
import type { SourceFile } from './architecture/source-file.ts'

interface Manifest {
  dependencies: Record<string, string>
  peerDependencies: Record<string, string>
  exports: Record<string, string | { default: string }>
}

const root = fileURLToPath(new URL('..', import.meta.url))
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest
const entries = entriesOf(manifest)
const sources = readSources(join(root, 'src'))

describe('the sources', () => {
  it('import downward only', () => {
    expect(layering(sources, entries)).toEqual([])
  })

  it('import in no circle', () => {
    expect(cycles(sources)).toEqual([])
  })

  it('import no package that users do not have', () => {
    const { dependencies, peerDependencies } = manifest
    const known = Object.keys({ ...dependencies, ...peerDependencies })
    expect(foreignPackages(sources, known)).toEqual([])
  })

  it('export nothing without an importer', () => {
    expect(unusedExports(sources, entries)).toEqual([])
  })

  it('re-export in public entries, which do nothing else', () => {
    expect(reexports(sources, entries)).toEqual([])
  })

  it('are short, have telling names, and no default exports', () => {
    expect(shape(sources)).toEqual([])
  })

  it('leave no any and no unnumbered TODO', () => {
    expect(looseEnds(sources)).toEqual([])
  })

  it('keep no closures in fields', () => {
    expect(keptClosures(sources)).toEqual([])
  })

  it('have no regular expression that a chosen text makes slow', () => {
    expect(slowExpressions(sources)).toEqual([])
  })
})

// A change here is a change of the public interface: update with `vitest -u` and write it in the changelog.
describe('the public names', () => {
  it('of isthmus', () => {
    expect(publicNames(sources, 'index.ts').join('\n')).toMatchInlineSnapshot(`
      "AcceptOptions
      App
      AppError
      AppLoadError
      AppSocket
      AppTimeoutError
      AsyncBody
      AsyncInputStream
      BadRequestError
      BlockingWebSocket
      BodyTimeoutError
      BodyTooLargeError
      BufferStats
      BufferingOptions
      CheckedUser
      Chunk
      ClientDisconnectedError
      ConfigContext
      ConfigFunction
      ConnectionCutError
      ContentLengthMismatchError
      DurationStats
      Environ
      ErrorStream
      EventApp
      ExchangeContext
      FileLike
      FileWrapper
      HeaderPairs
      HealthOptions
      HostCounts
      HostedApp
      HostedStats
      Hosting
      HttpDisconnectEvent
      HttpReceiveEvent
      HttpRequestEvent
      HttpResponseBodyEvent
      HttpResponseEarlyHintEvent
      HttpResponsePathsendEvent
      HttpResponseStartEvent
      HttpResponseTrailersEvent
      HttpScope
      HttpSendEvent
      IllegalEventError
      InputStream
      InvalidHeaderError
      InvalidOptionError
      IsthmusConfig
      IsthmusError
      IterableApp
      IterableEnviron
      LifespanError
      LifespanReceiveEvent
      LifespanScope
      LifespanSendEvent
      LifespanShutdownCompleteEvent
      LifespanShutdownEvent
      LifespanShutdownFailedEvent
      LifespanStartupCompleteEvent
      LifespanStartupEvent
      LifespanStartupFailedEvent
      LintError
      Listener
      LoadStats
      Log
      LogLine
      MountTable
      PeerError
      PoolConfig
      PoolFullError
      PoolStats
      ProcessCrashedError
      ProcessEnd
      ProcessStart
      PythonApp
      PythonConfig
      PythonInterface
      PythonOptions
      PythonStats
      Receive
      ReceiveEvent
      ReceiveOptions
      ReceiveTimeoutError
      RemoteConfig
      ReportOptions
      RequestContext
      ResponseEnd
      ResponseFinished
      Scope
      Send
      SendEvent
      ServeOptions
      Server
      ServerAddress
      ServerShutdownError
      ServerStats
      ServiceError
      Shutdown
      SocketJoinOptions
      StartResponse
      StartResponseHeaders
      SyncApp
      SyncBody
      SyncOptions
      ThreadCrashedError
      ThreadEnd
      ThreadOptions
      ThreadStart
      ThreadsApp
      TlsConfig
      TlsFiles
      TlsFilesOptions
      TlsPair
      UnavailableError
      UnsupportedScopeError
      UpstreamBusyError
      UpstreamError
      UpstreamTimeoutError
      WaitUnderSyncError
      WebSocketAcceptEvent
      WebSocketCloseEvent
      WebSocketConnectEvent
      WebSocketDenialBodyEvent
      WebSocketDenialStartEvent
      WebSocketDisconnectEvent
      WebSocketOptions
      WebSocketReceiveEvent
      WebSocketReceivedEvent
      WebSocketScope
      WebSocketSendEvent
      WebSocketSentEvent
      WouldDeadlockError
      Write
      carry
      chain
      currentRequest
      defineConfig
      errorStream
      events
      iterable
      metrics
      mount
      python
      report
      serve
      sync
      threadedMiddleware
      threads
      tlsFiles
      toEvents
      toIterable
      toSync
      websocket
      wholePath"
    `)
  })

  it('of isthmus/middleware', () => {
    expect(publicNames(sources, 'middleware.ts').join('\n')).toMatchInlineSnapshot(`
      "AbortSignalLike
      AccessLogEntry
      AccessLogFormat
      AccessLogOptions
      AnswerBody
      BasicAuthOptions
      BodyLimitOptions
      BodyMap
      CallNext
      ChainLink
      ChainRequest
      ChainResponse
      ClassicWrap
      CompressOptions
      ConditionalGetOptions
      ContentCoding
      ContentSecurityPolicy
      CorsOptions
      EitherForms
      ErrorPageFailure
      ErrorPageOptions
      EventWrap
      ForwardedFact
      ForwardedOptions
      HeaderList
      HttpsRedirectOptions
      MiddlewareEffect
      MiddlewareRun
      MiddlewareStep
      RequestChanges
      RequestHeaders
      RequestIdOptions
      ResponseEnd
      SecurityHeadersOptions
      StrictTransportSecurity
      TimeoutOptions
      TrustedHostOptions
      VerifyCredentials
      Wrap
      accessLog
      basicAuth
      bodyLimit
      classicWrap
      compress
      conditionalGet
      cors
      either
      errorPage
      eventWrap
      forwarded
      httpsRedirect
      mapBody
      middleware
      requestId
      respond
      securityHeaders
      timeout
      trustedHost
      until
      wait
      within"
    `)
  })

  it('of isthmus/adapters', () => {
    expect(publicNames(sources, 'adapters.ts').join('\n')).toMatchInlineSnapshot(`
      "ConnectErrorHandler
      ConnectMiddleware
      EmbeddedFetch
      EmbeddedHandler
      FetchContext
      FetchEnvironment
      FetchHandler
      FetchSocket
      FromFetchOptions
      FromNodeOptions
      NodeHandler
      RemoteApp
      RemoteBalance
      RemoteHealthOptions
      RemoteOptions
      RemoteStats
      RemoteTlsOptions
      TargetReport
      ToFetchOptions
      ToNodeOptions
      fromConnect
      fromFetch
      fromNode
      remote
      toFetch
      toNode"
    `)
  })

  it('of isthmus/channels', () => {
    expect(publicNames(sources, 'channels.ts').join('\n')).toMatchInlineSnapshot(`
      "ChannelEvent
      ChannelGap
      ChannelMessage
      Channels
      ChannelsClosedError
      ChannelsOptions
      ChannelsStats
      ChooseGroups
      ClusterChannels
      ClusterOptions
      FeedGroups
      FeedOptions
      GapReason
      HistoryOptions
      InvalidChannelError
      JoinOptions
      Joined
      Position
      Positions
      RedisOptions
      SlowConsumerError
      SlowPolicy
      Subscription
      SubscriptionOptions
      WHOLE_HISTORY
      clientScript
      cluster
      currentChannels
      feed
      memory
      redis
      sinceOf"
    `)
  })

  it('of isthmus/migrate', () => {
    expect(publicNames(sources, 'migrate.ts').join('\n')).toMatchInlineSnapshot(`
      "CompareOptions
      ComparedAnswer
      Difference
      Durations
      MigrateOptions
      MigratedApp
      MigrationChange
      MigrationReport
      MismatchReport
      ShadowOptions
      ShadowReport
      SideReport
      Sticky
      migrate"
    `)
  })

  it('of isthmus/testing', () => {
    expect(publicNames(sources, 'testing.ts').join('\n')).toMatchInlineSnapshot(`
      "CloseCheck
      CookieJar
      DeadlinePassedError
      Departure
      HandshakeDeniedError
      ResponseCutError
      ResponseHead
      ResponseHeaders
      SocketClosedError
      SocketEnd
      SocketMessage
      StreamedResponse
      TestBody
      TestClient
      TestClientOptions
      TestHandshake
      TestHeaders
      TestRequest
      TestResponse
      WebSocketSession
      lint
      lintWrap
      testClient"
    `)
  })
})

describe('the check of layers', () => {
  it('allows every way down', () => {
    const tree = files({
      'index.ts': "export { serve } from './server/serve.ts'",
      'server/serve.ts': "import { run } from '../sync/run.ts'; export const serve = run",
      'sync/run.ts': "import type { App } from '../contract/environ.ts'; export type Run = App",
      'contract/environ.ts': 'export interface App {}',
      'http/headers.ts': "import { Fault } from '../errors.ts'; import '../contract/environ.ts'",
      'errors.ts': 'export class Fault {}',
    })
    expect(layering(tree, ['index.ts'])).toEqual([])
  })

  it('reports a type import that goes up', () => {
    const tree = files({ 'sync/run.ts': "import type { Pump } from '../bridge/pump.ts'" })
    expect(layering(tree, [])).toEqual([
      'sync/run.ts imports bridge/pump.ts: bridge is not below sync',
    ])
  })

  it('reports siblings that know each other', () => {
    const tree = files({ 'async/iterate.ts': "const run = await import('../sync/run.ts')" })
    expect(layering(tree, [])).toEqual([
      'async/iterate.ts imports sync/run.ts: sync is not below async',
    ])
  })

  it('reports an import of a public entry, and one that leaves src', () => {
    const tree = files({
      'cli/main.ts': "import { serve } from '../index.ts'; import '../../test/app.ts'",
    })
    expect(layering(tree, ['index.ts'])).toEqual([
      'cli/main.ts imports index.ts: it is a public entry',
      'cli/main.ts imports ../test/app.ts: it is outside src',
    ])
  })

  it('reports rooms of one storey that know each other', () => {
    const tree = files({
      'hosting/threads.ts': "import { Pool } from './gateway/pool.ts'",
      'hosting/gateway/pool.ts': "import type { Host } from '../thread/host.ts'",
      'hosting/thread/host.ts': "import type { Message } from '../protocol/messages.ts'",
      'hosting/protocol/messages.ts': "import type { Pool } from '../gateway/pool.ts'",
    })
    expect(layering(tree, [])).toEqual([
      'hosting/gateway/pool.ts imports hosting/thread/host.ts: hosting/gateway does not know hosting/thread',
      'hosting/protocol/messages.ts imports hosting/gateway/pool.ts: hosting/protocol is a floor and imports no room above it',
    ])
  })

  it('reports a folder that has no layer', () => {
    expect(layering(files({ 'lib/run.ts': '' }), [])).toEqual(['lib/run.ts belongs to no layer'])
  })
})

describe('the check of circles', () => {
  it('reports a circle that only types close', () => {
    const tree = files({
      'sync/a.ts': "import { b } from './b.ts'",
      'sync/b.ts': "import { c } from './c.ts'",
      'sync/c.ts': "type A = import('./a.ts').A",
    })
    expect(cycles(tree)).toEqual(['sync/a.ts → sync/b.ts → sync/c.ts → sync/a.ts'])
  })

  it('takes two ways to one file for no circle', () => {
    const tree = files({
      'sync/a.ts': "import './b.ts'; import './c.ts'",
      'sync/b.ts': "import './c.ts'",
      'sync/c.ts': '',
    })
    expect(cycles(tree)).toEqual([])
  })
})

describe('the other checks', () => {
  it('report a package that is not a dependency, and nothing of Node', () => {
    const tree = files({
      'cli/main.ts':
        "import 'node:fs'; import 'tsx/esm/api'; import 'vitest/node'; import 'isthmus'",
    })
    expect(foreignPackages(tree, ['tsx'])).toEqual([
      'cli/main.ts imports vitest/node, which is not a dependency',
      'cli/main.ts imports isthmus, which is not a dependency',
    ])
  })

  it('report an export without an importer', () => {
    const tree = files({
      'index.ts': "export { a as b } from './headers.ts'; export * from './errors.ts'",
      'headers.ts': 'export const a = 1; export const [b, { c }] = [2, { c: 3 }]',
      'errors.ts': 'export class Fault {}',
    })
    expect(unusedExports(tree, ['index.ts'])).toEqual([
      'headers.ts b is exported and never imported',
      'headers.ts c is exported and never imported',
    ])
  })

  it('report logic in a public entry and a re-export elsewhere', () => {
    const tree = files({
      'index.ts': "export * from './errors.ts'\nimport './headers.ts'\nexport const a = 1",
      'headers.ts': "import { Fault } from './errors.ts'\nexport { Fault }",
    })
    expect(reexports(tree, ['index.ts'])).toEqual([
      'index.ts:2 is not an export-from statement',
      'index.ts:3 is not an export-from statement',
      'headers.ts re-exports Fault, which is for public entries',
    ])
  })

  it('report a long file, a drawer and a default export', () => {
    const tree = files({
      'sync/run.ts': 'void 0\n'.repeat(301),
      'sync/utils.ts': 'const a = 1; export { a as default }',
      'async/iterate.ts': 'void 0\n'.repeat(300),
    })
    expect(shape(tree)).toEqual([
      'sync/run.ts has 301 lines, more than 300',
      'sync/utils.ts is a drawer: name it after what it does',
      'sync/utils.ts has a default export',
    ])
  })

  it('report any as a type, not as a word, and a TODO without a number', () => {
    const tree = files({
      'sync/run.ts': "// any\n// TODO: more\n/* TODO (#12): less */\nconst a: any = 'TODO'",
    })
    expect(looseEnds(tree)).toEqual([
      'sync/run.ts:4 says any',
      'sync/run.ts:2 has a TODO without an issue number (#1)',
    ])
  })

  it('see closures in fields', () => {
    const text = 'class A { a = () => 1; b; constructor(c) { this.b = () => c; this.#d = c } #d }'
    expect(keptClosures(files({ 'sync/run.ts': text, 'lint/sync/a.ts': text }))).toEqual([
      'sync/run.ts:1 keeps a closure in a field: have a function make it',
    ])
  })

  it('see expressions that a chosen text makes slow, and expressions that they cannot read', () => {
    const text =
      'split(/[ \\t]*,/); test(/(a+)+b/); test(/^[a-z]+$/); new RegExp(`${a}b`); RegExp(c)'
    expect(slowExpressions(files({ 'sync/run.ts': text }))).toEqual([
      'sync/run.ts:1 has /[ \\t]*,/, which takes super-linear time on a chosen text: use a loop or split()',
      'sync/run.ts:1 has /(a+)+b/, which takes super-linear time on a chosen text: use a loop or split()',
      'sync/run.ts:1 builds an expression at run time: write a literal, which this rule reads',
      'sync/run.ts:1 builds an expression at run time: write a literal, which this rule reads',
    ])
    expect(slowExpressions(files({ 'middleware/cors.ts': 'new RegExp(a)' }))).toEqual([])
  })

  it('see public names through export *', () => {
    const tree = files({
      'index.ts': "export { z, type T } from './headers.ts'; export * from './errors.ts'",
      'errors.ts': 'export class Fault {}; export function fault(): void {}',
    })
    expect(publicNames(tree, 'index.ts')).toEqual(['Fault', 'T', 'fault', 'z'])
  })

  it('refuse a file that does not parse', () => {
    expect(() => parseSource('sync/run.ts', 'const =')).toThrow(/^sync\/run\.ts: /)
  })
})

function entriesOf({ exports }: Manifest): string[] {
  const targets = Object.values(exports).map((target) =>
    typeof target === 'string' ? target : target.default,
  )
  const scripts = targets.filter((target) => target.endsWith('.js'))
  const paths = scripts.map((target) => target.replace('./dist/', '').replace(/\.js$/, '.ts'))
  // The client of a browser is one file of JavaScript.
  return paths.filter((path) => existsSync(join(root, 'src', path)))
}

function readSources(folder: string): SourceFile[] {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return paths
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
    .toSorted()
    .map((path) => parseSource(path.replaceAll(sep, '/'), readFileSync(join(folder, path), 'utf8')))
}

function files(tree: Record<string, string>): SourceFile[] {
  return Object.entries(tree).map(([path, text]) => parseSource(path, text))
}
