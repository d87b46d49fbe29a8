// The Hono app and the WebSocket on one port. They share the notes, because both run on the event loop.

import { fromFetch } from 'isthmus/adapters'
import { api } from './api.ts'
import { live } from './live.ts'
import type { MountTable } from 'isthmus'

const app: MountTable = { '/live': live, '/': fromFetch(api) }

export default app
