// The user of a request.

/** A user that a middleware has checked: the name, and the scheme of the check, such as `Basic` (RFC 9110, 11.1). */
export interface CheckedUser {
  readonly user: string
  readonly type: string
}
