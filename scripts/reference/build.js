// Makes the reference pages: `npm run reference`. It is JavaScript, because typedoc and its compiler are installed in this
// folder only, where `npm run lint` does not need them.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Application, ReflectionKind } from 'typedoc'
import { deadLinks } from './dead-links.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const OUT = join(ROOT, 'artifacts/reference')
/** Types that are there for the inference of the compiler, or opaque: a user never writes their names. */
const UNNAMED = ['EventParameters', 'Opaque', 'Readable', 'Next', 'Wait', 'Either', 'Figures']
const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))

const app = await Application.bootstrap({
  name: 'isthmus',
  entryPoints: entryPoints(),
  tsconfig: join(ROOT, 'tsconfig.build.json'),
  readme: 'none',
  out: OUT,
  cleanOutputDir: true,
  disableSources: true,
  excludeInternal: true,
  // The page of the hierarchy has no entry for an interface that extends the type of a function.
  includeHierarchySummary: false,
  validation: { invalidLink: true, notDocumented: true, notExported: true },
  intentionallyNotExported: UNNAMED,
  requiredToBeDocumented: ['Class', 'Function', 'Interface', 'TypeAlias', 'Variable'],
})
app.converter.addUnknownSymbolResolver(findExport)

const project = await app.convert()
if (project) {
  app.validate(project)
  await app.generateOutputs(project)
}
const dead = deadLinks(OUT)
for (const link of dead) app.logger.error(`dead link: ${link}`)

const { errorCount, warningCount } = app.logger
process.exitCode = project && errorCount + warningCount === 0 ? 0 : 1
if (process.exitCode === 0) console.log(`The reference is in ${OUT}/index.html`)

/** The sources of the public entries: `./dist/middleware.js` comes from `src/middleware.ts`. */
function entryPoints() {
  const built = Object.values(exports).flatMap((entry) => entry.default ?? [])
  return built.map((path) => {
    const source = join(ROOT, path.replace('./dist/', 'src/').replace(/\.js$/, ''))
    // The client of a browser is JavaScript: its declarations have the docstrings.
    return existsSync(`${source}.ts`) ? `${source}.ts` : `${source}.d.ts`
  })
}

// A comment may name an error class that its file does not import.
function findExport({ symbolReference }, reflection) {
  const name = symbolReference?.path?.map(({ path }) => path).join('.')
  const modules = reflection.project.getChildrenByKind(ReflectionKind.Module)
  const target = modules.map((module) => module.getChildByName([name ?? ''])).find(Boolean)
  return target && { target, caption: name }
}
