// The rule for regular expressions: none may take more than linear time, because a client chooses the text.

import { analyse } from 'scslre'
import type { SourceFile } from './source-file.ts'

/** The files that build an expression at run time, and the reason why its text comes from no client, or is bounded. */
const BUILDERS: Readonly<Record<string, string>> = {
  'cli/throw-site.ts': 'reads the stack of an error of the app, before the server listens',
  'middleware/access-line.ts': 'gives another flag to an expression of one character',
  'middleware/cors.ts': 'anchors the expression of the deployer',
}

/** Expressions with super-linear backtracking or moving, and expressions that this rule cannot read. */
export function slowExpressions(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, expressions, builtExpressions }) => [
    ...expressions.filter(isSlow).map(({ line, source, flags }) => {
      return `${path}:${line} has /${source}/${flags}, which takes super-linear time on a chosen text: use a loop or split()`
    }),
    ...(path in BUILDERS ? [] : builtExpressions).map((line) => {
      return `${path}:${line} builds an expression at run time: write a literal, which this rule reads`
    }),
  ])
}

function isSlow({ source, flags }: { source: string; flags: string }): boolean {
  return analyse({ source, flags }).reports.length > 0
}
