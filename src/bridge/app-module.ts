// The module of an app, JavaScript or TypeScript, and what it exports.

const TYPESCRIPT = /\.([cm]?ts|tsx)$/

/**
 * Imports the module at `url` and returns its exports. TypeScript goes through tsx, which is loaded for it alone;
 * so do, from then on, the imports of the thread that has called this.
 *
 * @throws what the module throws
 */
export async function importExports(url: string): Promise<object> {
  if (TYPESCRIPT.test(new URL(url).pathname)) await registerTsx()
  return compiledExports((await import(url)) as object)
}

// Without "type": "module" in its package.json, a .ts file is CommonJS and passes through require().
async function registerTsx(): Promise<void> {
  const [forRequire, forImport] = await Promise.all([import('tsx/cjs/api'), import('tsx/esm/api')])
  registration ??= [forRequire.register(), forImport.register()]
}

let registration: unknown

// Compiled to CommonJS, an ES module has its exports, marked, inside the default one.
function compiledExports(module: object): object {
  const inner: unknown = Reflect.get(module, 'default')
  const isCompiled = typeof inner === 'object' && inner !== null && '__esModule' in inner
  return isCompiled ? inner : module
}
