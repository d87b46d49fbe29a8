// The hooks of ES modules of a development server, in the thread of the hooks: they tell each module before it is read.

import { tellFile, tellMissing } from './told-files.ts'
import type { LoadHook, ResolveHook } from 'node:module'

/** The endings that an import of TypeScript may leave out. */
const ENDINGS = ['.ts', '.tsx', '.js', '.json']

/** @see module.register() of Node */
export const load: LoadHook = (url, context, nextLoad) => {
  tellFile(url)
  return nextLoad(url, context)
}

/** @see module.register() of Node */
export const resolve: ResolveHook = async (specifier, context, nextResolve) => {
  try {
    return await nextResolve(specifier, context)
  } catch (error) {
    tellMissing(specifier, context.parentURL ?? '', ENDINGS)
    throw error
  }
}
