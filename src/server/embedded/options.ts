// The options of toNode() and toFetch(), each with its default in one literal.

import { completeOptions, invalidOption } from '../../complete-options.ts'
import { SILENT_LOG } from '../../silent-log.ts'
import { DEFAULTS } from '../options.ts'
import { resolveOptions } from '../resolve-options.ts'
import { stderrLog } from '../stderr-log.ts'
import type { Log } from '../../contract/log.ts'
import type { ServeOptions, Settings } from '../options.ts'

type SharedOptions = Pick<
  ServeOptions,
  | 'rootPath'
  | 'headerMap'
  | 'lifespan'
  | 'lifespanTimeoutMs'
  | 'bodyTimeoutMs'
  | 'maxBodyBytes'
  | 'maxConcurrency'
  | 'graceMs'
  | 'sync'
  | 'channels'
  | 'log'
  | 'debug'
>

/** The options of {@link toFetch}. Those of {@link ServeOptions} have the same defaults as there. */
export interface ToFetchOptions extends SharedOptions {
  /**
   * The way of an error that the app throws before the head of its response. `answer`: the app answers as under
   * `serve()`, with 500 for most errors. `pass`: the promise of the handler rejects with the error. The log has the error
   * in both cases. Default `answer`.
   */
  errors?: 'answer' | 'pass' | undefined
}

/** The options of {@link toNode}. Those of {@link ServeOptions} have the same defaults as there. */
export interface ToNodeOptions extends SharedOptions, Pick<ServeOptions, 'websocket'> {
  /**
   * The way of an error that the app throws before the head of its response. `answer`: the app answers as under
   * `serve()`, with 500 for most errors. `pass`: the error goes to `next(error)`, if the handler has a `next`. The log has
   * the error in both cases. Default `answer`.
   */
  errors?: 'answer' | 'pass' | undefined
  /**
   * Whether `next()` takes each request that the app answers with 404, unless the app has read its body. With false, it
   * takes only the requests for which the app throws `UnsupportedScopeError`. Default false.
   */
  fallthrough?: boolean | undefined
}

type ErrorWay = 'answer' | 'pass'

const FETCH_DEFAULTS = {
  rootPath: DEFAULTS.rootPath,
  headerMap: DEFAULTS.headerMap,
  lifespan: DEFAULTS.lifespan,
  lifespanTimeoutMs: DEFAULTS.lifespanTimeoutMs,
  bodyTimeoutMs: DEFAULTS.bodyTimeoutMs,
  maxBodyBytes: DEFAULTS.maxBodyBytes,
  maxConcurrency: DEFAULTS.maxConcurrency,
  graceMs: DEFAULTS.graceMs,
  sync: DEFAULTS.sync,
  channels: DEFAULTS.channels,
  debug: DEFAULTS.debug,
  log: null as Log | null,
  errors: 'answer' as ErrorWay,
}
const NODE_DEFAULTS = { ...FETCH_DEFAULTS, websocket: DEFAULTS.websocket, fallthrough: false }

/** The completed options of {@link toFetch}. */
export interface FetchSettings {
  server: Settings
  errors: ErrorWay
}

/** The completed options of {@link toNode}. */
export interface NodeSettings extends FetchSettings {
  fallthrough: boolean
}

/**
 * Completes the options of {@link toFetch}.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an unknown option or an impossible value
 */
export function fetchSettings(options: ToFetchOptions): FetchSettings {
  const { errors, ...others } = completeOptions('toFetch', options, FETCH_DEFAULTS)
  checkErrors('toFetch', errors)
  return { server: serverSettings('toFetch', others, options.log), errors }
}

/**
 * Completes the options of {@link toNode}.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an unknown option or an impossible value
 */
export function nodeSettings(options: ToNodeOptions): NodeSettings {
  const { errors, fallthrough, ...others } = completeOptions('toNode', options, NODE_DEFAULTS)
  checkErrors('toNode', errors)
  return { server: serverSettings('toNode', others, options.log), errors, fallthrough }
}

// Date and Server are fields of the outer server.
function serverSettings(caller: string, others: ServeOptions, log: ServeOptions['log']): Settings {
  const options = { ...others, serverHeader: null, dateHeader: false }
  return resolveOptions(options, log === null ? SILENT_LOG : (log ?? stderrLog()), caller)
}

function checkErrors(caller: string, errors: unknown): void {
  if (errors === 'answer' || errors === 'pass') return
  throw invalidOption(caller, 'errors', errors, 'it is answer or pass')
}
