// npm run bench:pages: writes the pages again from the published run.

import { writePages } from './publish.ts'

writePages()
