// Preloaded by --import into the process of a development server and into each of its threads: tells the modules that are loaded.

import module from 'node:module'
import { tellFile, tellMissing } from './told-files.ts'
import type { load, resolve } from './import-hooks.ts'

interface Hooks {
  load: typeof load
  resolve: typeof resolve
}

interface Loader {
  _extensions: object
  _resolveFilename: (
    this: unknown,
    request: unknown,
    parent?: Importer,
    ...more: unknown[]
  ) => unknown
}

interface Importer {
  filename?: string | null
}

/** The hooks, by the module that has them. */
const HOOKS: Record<keyof Hooks, string> = {
  load: './import-hooks.js',
  resolve: './import-hooks.js',
}
module.register(HOOKS.load, import.meta.url)
watchRequire(module as unknown as Loader)

// A module that throws leaves no trace in require.cache, and its file has to be watched all the more.
function watchRequire(loader: Loader): void {
  const { _resolveFilename: found } = loader
  loader._resolveFilename = function resolveFilename(this: unknown, request, parent, ...more) {
    try {
      const file = Reflect.apply(found, this, [request, parent, ...more])
      if (typeof file === 'string') tellFile(file)
      return file
    } catch (error) {
      tellMissing(String(request), parent?.filename ?? '', Object.keys(loader._extensions))
      throw error
    }
  }
}
