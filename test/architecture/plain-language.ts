// The rule of plain language: words that hide the subject of a sentence, each with the rewrite that it asks for.

/** A phrase that comments and documents do without. */
interface Riddle {
  pattern: RegExp
  /** The rewrite that is wanted, with an example. */
  rewrite: string
}

const RIDDLES: readonly Riddle[] = [
  {
    pattern: /\b(?:nobody|somebody|anybody|everybody|no one|someone|anyone|everyone)\b/i,
    rewrite: 'name the party: "nobody reads it" → "the app does not read it"',
  },
  {
    pattern: /\b(?:who|whom|whoever|whomever)\b/i,
    rewrite: 'name the party: "whoever opens it closes it" → "the caller closes the pool"',
  },
  {
    pattern: /\bwhat(?! to\b| happens\b)\b/i,
    rewrite: 'use a noun: "what is left of the body" → "the rest of the body"',
  },
  {
    pattern: /\b(?:whatever|whichever)\b/i,
    rewrite: 'name the thing: "whatever was thrown" → "the error, of any type"',
  },
  {
    pattern: /\bof it\b/i,
    rewrite: 'name the thing: "a part of it" → "a part of the body"',
  },
  {
    // The word is for places: an app stands on the far side of a proxy or a server.
    pattern:
      /\bbehind (?!(?:(?:a|an|the|any|one|two|your|its|such a|a trusted|nginx|haproxy|apache|caddy) ?)?(?:\w+ )?(?:prox(?:y|ies)|load balancers?|balancers?|nginx|haproxy|apache|caddy|firewall|gateway)\b)/i,
    rewrite: 'use "after" for time: "the bytes behind the head" → "the bytes after the head"',
  },
  {
    pattern: /(?:^|[.:;] )Of (?!course\b)/,
    rewrite:
      'begin with the subject: "Of a connection under TLS." → "The facts of a TLS connection."',
  },
  {
    pattern: /\bwhere there (?:is|are|was|were)\b/i,
    rewrite: 'use "if": "null where there is none" → "null if the request has no body"',
  },
  {
    pattern: /, be it\b/i,
    rewrite: 'use "even if": "a body, be it empty" → "a body, even if it is empty"',
  },
  {
    pattern: /\bas [\w .`]{1,30} (?:has|have) it\b/i,
    rewrite: 'say the relation: "as the scope has it" → "the same value as in the scope"',
  },
]

/** A text of prose and the number of its first line in the file. */
export interface Prose {
  line: number
  text: string
}

/** Every riddle in `prose`, one line each, with the rewrite that is wanted. */
export function riddles(path: string, prose: readonly Prose[]): string[] {
  return prose.flatMap(({ line, text }) =>
    readable(text)
      .split('\n')
      .flatMap((row, index) =>
        RIDDLES.flatMap(({ pattern, rewrite }) => {
          const [found] = pattern.exec(row) ?? []
          return found === undefined
            ? []
            : [`${path}:${line + index} says "${found.trim()}": ${rewrite}`]
        }),
      ),
  )
}

/** The number of words in `prose`, code and examples apart. */
export function wordCount(prose: readonly Prose[]): number {
  const words = prose.flatMap(({ text }) => readable(text).match(/[A-Za-z][\w'-]*/g) ?? [])
  return words.length
}

/** The prose of a Markdown page: the page without its code blocks. */
export function proseOfPage(text: string): Prose[] {
  return [{ line: 1, text: text.replace(/^(`{3,})[\s\S]*?^\1/gm, blank) }]
}

// Code, quoted words and links are not prose. Newlines stay, so that line numbers stay true.
function readable(text: string): string {
  return text
    .replace(/@example[\s\S]*?(?=\n\s*\*\s*@|$)/g, blank)
    .replace(/`[^`\n]*`/g, blank)
    .replace(/"[^"\n]*"/g, blank)
    .replace(/https?:\S+/g, blank)
    .replace(/\]\([^)\n]*\)/g, blank)
    .replace(/^[ \t]*\*?[ \t]?/gm, '')
}

function blank(text: string): string {
  return text.replace(/[^\n]/g, ' ')
}
