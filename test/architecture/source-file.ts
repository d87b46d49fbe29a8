// One source file taken apart: its imports and exports, and the habits that no compiler reports.

import { posix } from 'node:path'
import { parseSync } from 'vite'
import type { ESTree, ParseResult } from 'vite'

/** The name that stands for every export of a file. */
export const ALL = '*'

/** An edge to another file, by its path under src; type imports are edges too. */
export interface Import {
  target: string
  names: string[]
}

/** An exported name; `from` is the file that a re-export takes it from. */
export interface Export {
  name: string
  from: string | null
}

/** Positions are line numbers, counted from 1. */
export interface SourceFile {
  path: string
  lineCount: number
  imports: Import[]
  /** Specifiers of packages and of Node's own modules. */
  packages: string[]
  exports: Export[]
  /** Statements other than `export … from`. */
  ownStatements: number[]
  /** Uses of the type `any`. */
  anys: number[]
  /** The literals of regular expressions. */
  expressions: Array<{ line: number; source: string; flags: string }>
  /** Where `new RegExp()` builds an expression. */
  builtExpressions: number[]
  /** Where a closure is put into a field: `this.field = () => …`. */
  keptClosures: number[]
  comments: Array<{ line: number; text: string }>
  /** The titles of tests: the first argument of `it`, `test` and `describe` if it is a literal. */
  titles: Array<{ line: number; text: string }>
}

const TEST_FUNCTIONS = ['describe', 'it', 'test']

/** Takes apart the file at `path`, relative to src. @throws SyntaxError if the text does not parse */
export function parseSource(path: string, text: string): SourceFile {
  const { program, module, comments, errors } = parseSync(path, text)
  if (errors[0]) throw new SyntaxError(`${path}: ${errors[0].message}`)

  const lineOf = (node: { start: number }): number => text.slice(0, node.start).split('\n').length
  const nodes = [...nodesUnder(program)]
  const imports = nodes.flatMap(importOf)

  return {
    path,
    lineCount: text.trimEnd().split('\n').length,
    imports: imports
      .filter(isRelative)
      .map((edge) => ({ ...edge, target: resolve(path, edge.target) })),
    packages: imports.filter((edge) => !isRelative(edge)).map((edge) => edge.target),
    exports: exportsOf(path, module),
    ownStatements: program.body.filter((statement) => !isReexport(statement)).map(lineOf),
    anys: nodes.filter((node) => node.type === 'TSAnyKeyword').map(lineOf),
    expressions: nodes.flatMap((node) => {
      if (node.type !== 'Literal' || !('regex' in node)) return []
      const { pattern, flags } = node.regex
      return [{ line: lineOf(node), source: pattern, flags }]
    }),
    builtExpressions: nodes.filter(buildsExpression).map(lineOf),
    keptClosures: nodes.filter(keepsClosure).map(lineOf),
    comments: comments.map((comment) => ({ line: lineOf(comment), text: comment.value })),
    titles: nodes.flatMap((node) => {
      const title = titleOf(node)
      return title === null ? [] : [{ line: lineOf(node), text: title }]
    }),
  }
}

function* nodesUnder(value: unknown): Generator<ESTree.Node> {
  if (typeof value !== 'object' || value === null) return
  if ('type' in value) yield value as ESTree.Node
  for (const child of Object.values(value)) yield* nodesUnder(child)
}

function importOf(node: ESTree.Node): Import[] {
  switch (node.type) {
    case 'ImportDeclaration':
      return [{ target: node.source.value, names: node.specifiers.map(importedName) }]
    case 'ExportNamedDeclaration':
      if (node.source === null) return []
      return [
        { target: node.source.value, names: node.specifiers.map(({ local }) => nameOf(local)) },
      ]
    case 'ExportAllDeclaration':
    case 'ImportExpression':
    case 'TSImportType':
      return literals(node.source).map((target) => ({ target, names: [ALL] }))
    default:
      return []
  }
}

function keepsClosure(node: ESTree.Node): boolean {
  if (node.type !== 'AssignmentExpression' || node.left.type !== 'MemberExpression') return false
  return node.left.object.type === 'ThisExpression' && node.right.type === 'ArrowFunctionExpression'
}

function buildsExpression(node: ESTree.Node): boolean {
  const isCall = node.type === 'NewExpression' || node.type === 'CallExpression'
  return isCall && node.callee.type === 'Identifier' && node.callee.name === 'RegExp'
}

function titleOf(node: ESTree.Node): string | null {
  if (node.type !== 'CallExpression' || !isTestFunction(node.callee)) return null
  const [first] = node.arguments
  if (first?.type === 'Literal' && typeof first.value === 'string') return first.value
  if (first?.type !== 'TemplateLiteral') return null
  return first.quasis.map(({ value }) => value.cooked ?? '').join('…')
}

// Also `it.skipIf(…)`, `it.each(…)` and `describe.for(…)`, whose result takes the title.
function isTestFunction(callee: ESTree.Node): boolean {
  if (callee.type === 'MemberExpression') return isTestFunction(callee.object)
  if (callee.type === 'CallExpression') return isTestFunction(callee.callee)
  return callee.type === 'Identifier' && TEST_FUNCTIONS.includes(callee.name)
}

function importedName(specifier: ESTree.ImportDeclarationSpecifier): string {
  if (specifier.type === 'ImportSpecifier') return nameOf(specifier.imported)
  return specifier.type === 'ImportDefaultSpecifier' ? 'default' : ALL
}

function nameOf(name: ESTree.ModuleExportName): string {
  return name.type === 'Literal' ? name.value : name.name
}

// The source of a dynamic import may be any expression; only a literal is an edge.
function literals(source: ESTree.Expression): string[] {
  return source.type === 'Literal' && typeof source.value === 'string' ? [source.value] : []
}

function exportsOf(path: string, module: ParseResult['module']): Export[] {
  const entries = module.staticExports.flatMap((statement) => statement.entries)
  return entries.map(({ exportName, moduleRequest }) => ({
    name: exportName.name ?? (exportName.kind === 'Default' ? 'default' : ALL),
    from: moduleRequest && resolve(path, moduleRequest.value),
  }))
}

function isReexport(statement: ESTree.Program['body'][number]): boolean {
  if (statement.type === 'ExportAllDeclaration') return true
  return statement.type === 'ExportNamedDeclaration' && statement.source !== null
}

function isRelative({ target }: Import): boolean {
  return target.startsWith('.')
}

function resolve(path: string, specifier: string): string {
  return posix.join(posix.dirname(path), specifier)
}
