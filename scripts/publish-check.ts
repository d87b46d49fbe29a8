// Runs before `npm publish`, and stops a release whose README would have dead links.

import { readFileSync } from 'node:fs'

// npm starts scripts in the root of the package.
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { repository?: unknown }
if (!manifest.repository) {
  console.error(
    'package.json has no "repository": the page of the registry resolves the relative links of README.md by it. ' +
      'Set "repository" and "bugs" to the addresses of this project.',
  )
  process.exitCode = 1
}
