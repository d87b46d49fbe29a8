/**
 * The middleware that ships with isthmus.
 *
 * @module
 */

export { accessLog } from './middleware/access-log.ts'
export type { AccessLogOptions } from './middleware/access-log.ts'
