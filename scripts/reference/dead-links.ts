// The links of a folder of HTML pages that lead nowhere.

import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

const LINK = /\s(?:href|src)="([^"]+)"/g
const ANCHOR = /\s(?:id|name)="([^"]+)"/g
const ELSEWHERE = /^(?:[a-z]+:|\/\/)/i

/** `page: link` for each link of a page below `folder` whose file or anchor does not exist. Links to other sites are not read. */
export function deadLinks(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  // The icons of a page are links to the parts of a picture.
  const paths = names
    .filter((name) => /\.(?:html|svg)$/.test(name))
    .map((name) => join(folder, name))
  const pages = new Map(paths.map((path) => [path, readPage(path)]))

  return [...pages].flatMap(([path, { links }]) =>
    links
      .filter((link) => !ELSEWHERE.test(link) && !leadsSomewhere(link, path))
      .map((link) => `${relative(folder, path)}: ${link}`),
  )

  function leadsSomewhere(link: string, from: string): boolean {
    const [file = '', anchor = ''] = link.split('#')
    const target = file === '' ? from : join(dirname(from), decodeURIComponent(file))
    if (!existsSync(target)) return false
    return anchor === '' || pages.get(target)?.anchors.has(decodeURIComponent(anchor)) === true
  }
}

interface Page {
  links: string[]
  anchors: Set<string>
}

function readPage(path: string): Page {
  const text = readFileSync(path, 'utf8')
  const values = (pattern: RegExp): string[] =>
    [...text.matchAll(pattern)].map(([, value = '']) => value.replaceAll('&amp;', '&'))
  return { links: values(LINK), anchors: new Set(values(ANCHOR)) }
}
