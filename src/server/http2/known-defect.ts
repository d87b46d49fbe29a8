// The defect of older versions of nghttp2 by which a client can end the process.

const FIXED = [1, 68, 1] as const

/**
 * Whether some bytes of a client make this version of nghttp2 abort the process: a fault of the session, and then a frame of a
 * wrong size. No code outside of nghttp2 can prevent it.
 *
 * @param version that of `process.versions.nghttp2`
 * @see CVE-2026-27135
 */
export function canAbort(version: string): boolean {
  const parts = version.split('.').map((part) => Number.parseInt(part, 10))
  const at = FIXED.findIndex((part, index) => parts[index] !== part)
  return at >= 0 && (parts[at] ?? 0) < (FIXED[at] as number)
}
