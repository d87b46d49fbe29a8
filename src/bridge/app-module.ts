// Imports the module of an app, JavaScript or TypeScript, and returns its exports.

import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const TYPESCRIPT = /\.([cm]?ts|tsx)$/

/**
 * Imports the module at `url` and returns its exports. A TypeScript module loads tsx, which from then on handles all
 * imports of this thread, by the tsconfig.json that is nearest to the module.
 *
 * @throws the error of the module, unchanged
 */
export async function importExports(url: string): Promise<object> {
  const { pathname, protocol } = new URL(url)
  if (protocol === 'file:' && TYPESCRIPT.test(pathname)) await useTsx(nearestConfig(url))
  return compiledExports((await import(url)) as object)
}

/** Loads tsx for the module at `url` before its import, which is faster then. */
export async function prepareTypeScript(url: string): Promise<void> {
  await useTsx(nearestConfig(url))
}

interface Registration {
  tsconfig: string | undefined
  unregister(): Promise<void>
}

let registration: Promise<Registration> | undefined

function useTsx(tsconfig: string | undefined): Promise<Registration> {
  registration = registeredFor(tsconfig, registration)
  return registration
}

// tsx takes one tsconfig.json for all files. An app with another one replaces the registration.
async function registeredFor(
  tsconfig: string | undefined,
  last: Promise<Registration> | undefined,
): Promise<Registration> {
  const current = await last?.catch(() => undefined)
  if (current && current.tsconfig === tsconfig) return current
  await current?.unregister()
  return registerTsx(tsconfig)
}

// Both loaders: without "type": "module" in its package.json, a .ts file is CommonJS and passes through require().
async function registerTsx(tsconfig: string | undefined): Promise<Registration> {
  const [forRequire, forImport] = await Promise.all([import('tsx/cjs/api'), import('tsx/esm/api')])
  const [endRequire, endImport] = withConfig(tsconfig, () => {
    return [forRequire.register(), forImport.register({ tsconfig })] as const
  })
  const unregister = async (): Promise<void> => {
    endRequire()
    await endImport()
  }
  return { tsconfig, unregister }
}

// The loader for require() takes the path from the environment only.
function withConfig<Result>(tsconfig: string | undefined, run: () => Result): Result {
  if (tsconfig === undefined) return run()
  process.env[CONFIG_PATH] = tsconfig
  try {
    return run()
  } finally {
    delete process.env[CONFIG_PATH]
  }
}

const CONFIG_PATH = 'TSX_TSCONFIG_PATH'

// Without a path, tsx looks in the working directory, which may be the root of a repository with many packages.
function nearestConfig(url: string): string | undefined {
  if (process.env[CONFIG_PATH] !== undefined) return undefined
  let folder = dirname(fileURLToPath(url))
  for (;;) {
    const file = join(folder, 'tsconfig.json')
    if (existsSync(file)) return file
    const parent = dirname(folder)
    if (parent === folder) return undefined
    folder = parent
  }
}

// An ES module compiled to CommonJS has its exports inside the default export, which is marked with __esModule.
function compiledExports(module: object): object {
  const inner: unknown = Reflect.get(module, 'default')
  const isCompiled = typeof inner === 'object' && inner !== null && '__esModule' in inner
  return isCompiled ? inner : module
}
