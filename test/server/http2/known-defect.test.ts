// The warning about a version of nghttp2 that a client can abort.

import { expect, it } from 'vitest'
import { canAbort } from '../../../src/server/http2/known-defect.ts'
import { answer, httpApp, served } from '../../raw/served.ts'

it.each([
  ['1.61.0', true],
  ['1.68.0', true],
  ['1.68.1', false],
  ['1.69.0', false],
  ['1.68.1-DEV', false],
  ['2.0.0', false],
])('knows the versions with the defect: %s', (version, expected) => {
  expect(canAbort(version)).toBe(expected)
})

it('a server with http2 warns of the defect once, and one without does not', async () => {
  const app = httpApp((_scope, _receive, send) => answer(send, 'hello'))
  await using server = await served(app, { http2: true })
  await using plain = await served(app)
  const isAffected = canAbort(process.versions['nghttp2'] ?? '')
  const warnings = server.lines.filter((line) => line.includes('CVE-2026-27135'))
  expect(warnings).toHaveLength(isAffected ? 1 : 0)
  expect(plain.lines.join()).not.toContain('CVE')
})
