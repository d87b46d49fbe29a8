/**
 * The parts to write a middleware with, and the middleware that ship with isthmus.
 *
 * @example
 * import { middleware } from 'isthmus/middleware'
 *
 * const poweredBy = middleware('powered-by', function* (request, next) {
 *   const response = yield* next(request)
 *   response.headers.set('x-powered-by', 'coffee')
 *   return response
 * })
 *
 * @module isthmus/middleware
 */

// Parts of a middleware
export { middleware } from './chain/middleware.ts'
export { mapBody, respond } from './chain/response.ts'
export { either, until, wait, within } from './chain/effects.ts'
export { classicWrap, eventWrap } from './chain/wrap.ts'
export type { ChainLink, ClassicWrap, EventWrap, Wrap } from './chain/wrap.ts'
export type { ChainRequest, RequestChanges } from './chain/request.ts'
export type { RequestHeaders } from './chain/request-headers.ts'
export type { AnswerBody, ChainResponse } from './chain/response.ts'
export type { HeaderList } from './chain/header-list.ts'
export type { ResponseEnd } from './contract/events.ts'
export type { BodyMap } from './chain/body-map.ts'
export type { EitherForms, MiddlewareEffect, MiddlewareStep } from './chain/effects.ts'
export type { AbortSignalLike } from './chain/interruption.ts'
export type { CallNext, MiddlewareRun } from './chain/layer.ts'

// Middleware that ship with isthmus
export { cors } from './middleware/cors.ts'
export type { CorsOptions } from './middleware/cors.ts'
export { compress } from './middleware/compress.ts'
export type { CompressOptions } from './middleware/compress.ts'
export type { ContentCoding } from './middleware/encoder.ts'
export { conditionalGet } from './middleware/conditional-get.ts'
export type { ConditionalGetOptions } from './middleware/conditional-get.ts'
export { bodyLimit } from './middleware/body-limit.ts'
export type { BodyLimitOptions } from './middleware/body-limit.ts'
export { timeout } from './middleware/timeout.ts'
export type { TimeoutOptions } from './middleware/timeout.ts'
export { errorPage } from './middleware/error-page.ts'
export type { ErrorPageFailure, ErrorPageOptions } from './middleware/error-page.ts'
export { accessLog } from './middleware/access-log.ts'
export type { AccessLogEntry, AccessLogFormat, AccessLogOptions } from './middleware/access-log.ts'
export { requestId } from './middleware/request-id.ts'
export type { RequestIdOptions } from './middleware/request-id.ts'
export { securityHeaders } from './middleware/security-headers.ts'
export type {
  SecurityHeadersOptions,
  StrictTransportSecurity,
} from './middleware/security-headers.ts'
export type { ContentSecurityPolicy } from './middleware/content-security-policy.ts'
export { trustedHost } from './middleware/trusted-host.ts'
export type { TrustedHostOptions } from './middleware/trusted-host.ts'
export { httpsRedirect } from './middleware/https-redirect.ts'
export type { HttpsRedirectOptions } from './middleware/https-redirect.ts'
export { basicAuth } from './middleware/basic-auth.ts'
export type { BasicAuthOptions, VerifyCredentials } from './middleware/basic-auth.ts'
export { forwarded } from './middleware/forwarded.ts'
export type { ForwardedFact, ForwardedOptions } from './middleware/forwarded.ts'
