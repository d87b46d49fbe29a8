// npm run bench:pages: the pages again, from the run that is there.

import { writePages } from './publish.ts'

writePages()
