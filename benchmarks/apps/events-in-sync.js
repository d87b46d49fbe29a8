// The event app through the bridge for blocking code, to be hosted in threads.

import { toSync } from 'isthmus'

export default toSync(new URL('./events.js', import.meta.url))
