// Finds the app that a host calls: the one its middleware wraps, or one of a module, loaded once on the loop.

import { SILENT_LOG } from '../../async/silent-log.ts'
import { startLifespan } from '../../async/lifespan.ts'
import { AppLoadError } from '../../errors.ts'
import { toEvents } from '../to-events.ts'
import type { EventApp } from '../../contract/events.ts'
import type { App } from '../style.ts'
import type { CalledApp } from './messages.ts'

const loaded = new Map<string, Promise<EventApp>>()

/**
 * The app for a call. A module is imported, and its lifespan started, at the first call; both stay for the life of
 * the process.
 *
 * @throws {@link AppLoadError} (`ISTHMUS_APP_LOAD`) when there is none; what the module throws
 */
export function calledApp(called: CalledApp, inner: EventApp | undefined): Promise<EventApp> {
  if (called === 'inner') return inner ? Promise.resolve(inner) : Promise.reject(noInner())
  const key = `${called.url}#${called.exportName}`
  const known = loaded.get(key)
  if (known) return known

  const app = load(called)
  loaded.set(key, app)
  // The next call tries again.
  app.catch(() => loaded.delete(key))
  return app
}

async function load({ url, exportName }: { url: string; exportName: string }): Promise<EventApp> {
  const module = (await import(url)) as Record<string, unknown>
  if (!(exportName in module)) {
    throw new AppLoadError(`toSync(): ${url} has no export "${exportName}"`)
  }
  const app = toEvents(module[exportName] as App)
  const { state } = await startLifespan(app, { mode: 'auto', log: SILENT_LOG })
  return (scope, receive, send) => {
    const isLifespan = scope.type === 'lifespan'
    return app(
      isLifespan ? scope : { ...scope, state: { ...scope.state, ...state } },
      receive,
      send,
    )
  }
}

function noInner(): AppLoadError {
  return new AppLoadError('there is no inner app here: only middleware has one')
}
