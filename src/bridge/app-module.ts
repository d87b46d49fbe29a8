// Imports the module of an app, JavaScript or TypeScript, and returns its exports.

const TYPESCRIPT = /\.([cm]?ts|tsx)$/

/**
 * Imports the module at `url` and returns its exports. A TypeScript module loads tsx, which from then on handles all
 * imports of this thread.
 *
 * @throws the error of the module
 */
export async function importExports(url: string): Promise<object> {
  if (TYPESCRIPT.test(new URL(url).pathname)) await registerTsx()
  return compiledExports((await import(url)) as object)
}

// Both loaders: without "type": "module" in its package.json, a .ts file is CommonJS and passes through require().
async function registerTsx(): Promise<void> {
  const [forRequire, forImport] = await Promise.all([import('tsx/cjs/api'), import('tsx/esm/api')])
  registration ??= [forRequire.register(), forImport.register()]
}

let registration: unknown

// An ES module compiled to CommonJS has its exports inside the default export, which is marked with __esModule.
function compiledExports(module: object): object {
  const inner: unknown = Reflect.get(module, 'default')
  const isCompiled = typeof inner === 'object' && inner !== null && '__esModule' in inner
  return isCompiled ? inner : module
}
