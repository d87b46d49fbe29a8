// A page of the documentation, taken apart: its code blocks, its tables and its links.

import { readFileSync } from 'node:fs'

const ROOT = new URL('../../', import.meta.url)
const FENCE = /^```(\S*)[ \t]*(.*)\n([^]*?)^```$/gm
const IMAGE = /<(?:img|source)[^>]* (?:src|srcset)="([^"]+)"/g
const LINK = /\[[^\]]*\]\(([^)\s]+)\)/g
const HEADING = /^#+ +(.+)$/gm

/** A fenced block: its language, the words after the language, and its text. */
interface Block {
  language: string
  info: string
  text: string
}

/** A program of a page, and its output; null if the page shows none. */
export interface Program {
  text: string
  output: string | null
}

/** A server of a page: the program `names` with `text`, or the command `text` if `names` is empty. */
export interface ServerOfPage {
  names: string[]
  text: string
  /** The first Node that runs the server, as `major.minor`; empty for all that isthmus supports. */
  sinceNode: string
  requests: Array<{ command: string; output: string }>
}

/** A page, by its path from the root of the project. */
export class Page {
  readonly path: string
  readonly text: string
  readonly #blocks: Block[]

  /** @param root the URL of another folder than the root of the project, with a slash at its end */
  constructor(path: string, root: URL = ROOT) {
    this.path = path
    this.text = readFileSync(new URL(path, root), 'utf8')
    this.#blocks = [...this.text.matchAll(FENCE)].map(
      ([, language = '', info = '', text = '']) => ({
        language,
        info,
        text,
      }),
    )
  }

  /** The blocks marked `ts run`, each with the `text output` block that follows it. */
  get programs(): Program[] {
    return this.#blocks.flatMap(({ info, text }, at) => {
      if (info !== 'run') return []
      const next = this.#blocks[at + 1]
      return [{ text, output: next?.info === 'output' ? next.text : null }]
    })
  }

  /** The blocks marked `ts file=NAME`: modules that the programs of the page name. */
  get files(): Array<{ name: string; text: string }> {
    return this.#blocks.flatMap(({ info, text }) =>
      info.startsWith('file=') ? [{ name: info.slice(5), text }] : [],
    )
  }

  /**
   * The servers: blocks marked `js serve=NAME …`, a program under each of these names, or `sh serve`, a command; `node=22.16`
   * after the mark is the first Node that has all that the server uses. The blocks marked `sh request` that follow are requests to the server; each has its answer in a `text output` block.
   */
  get servers(): ServerOfPage[] {
    const servers: ServerOfPage[] = []
    for (const [at, { info, text }] of this.#blocks.entries()) {
      if (/^serve\b/.test(info)) servers.push(newServer(info, text))
      if (info !== 'request') continue
      const output = this.#blocks[at + 1]
      servers.at(-1)?.requests.push({ command: text, output: output?.text ?? '' })
    }
    return servers
  }

  /** The first lines of the blocks that import a package, as a whole program does, and that no test runs. */
  get strayPrograms(): string[] {
    const code = this.#blocks.filter(({ language }) => /^[jt]s$/.test(language))
    const stray = code.filter(({ info, text }) => info === '' && /^import .* from '/m.test(text))
    return stray.map(({ text }) => text.split('\n', 1)[0] ?? '')
  }

  /** The packages that its JavaScript and TypeScript blocks import and that it does not tell to install. */
  get missingPackages(): string[] {
    const code = this.#blocks.filter(({ language }) => /^[jt]s$/.test(language))
    const imports = code.flatMap(({ text }) => [
      ...text.matchAll(/^import .* from '([^'.][^']*)'/gm),
    ])
    const packages = imports
      .map(([, name = '']) => /^(?:@[^/]+\/)?[^/]+/.exec(name)![0])
      .filter((name) => !name.startsWith('node:') && name !== 'isthmus')
    const installed = (this.text.match(/npm install .*/g) ?? []).flatMap((line) =>
      line.split(/[\s`]+/),
    )
    return [...new Set(packages)].filter((name) => !installed.includes(name))
  }

  /** The texts of its blocks in `language`. */
  blocksOf(language: string): string[] {
    return this.#blocks.filter((block) => block.language === language).map(({ text }) => text)
  }

  /** The targets of its links and images, those on other sites left out. */
  get links(): string[] {
    const prose = this.text.replaceAll(FENCE, '')
    return [...prose.matchAll(LINK), ...prose.matchAll(IMAGE)].flatMap(([, target = '']) =>
      /^\w+:/.test(target) ? [] : [target],
    )
  }

  /** The anchors of its headings, as GitHub names them. */
  get anchors(): string[] {
    const prose = this.text.replaceAll(FENCE, '')
    return [...prose.matchAll(HEADING)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    )
  }

  /** The rows of its tables whose first cell starts with code: that code, and the other cells. */
  get rows(): Map<string, string[]> {
    const lines = this.text.split('\n').filter((line) => line.startsWith('| `'))
    return new Map(
      lines.map((line) => {
        const [first = '', ...others] = line.split(/(?<!\\)\|/).slice(1, -1)
        return [/`([^`]+)`/.exec(first)?.[1] ?? '', others.map((cell) => cell.trim())]
      }),
    )
  }
}

function newServer(info: string, text: string): ServerOfPage {
  const names = [...info.matchAll(/serve=(\S+)/g)].map(([, name = '']) => name)
  const [, sinceNode = ''] = / node=(\S+)/.exec(info) ?? []
  return { names, text, sinceNode, requests: [] }
}
