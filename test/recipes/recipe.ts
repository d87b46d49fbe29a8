// A configuration of a page, as a reader copies it: only places and ports are those of the test.

import { readFileSync } from 'node:fs'

/** The page that a recipe stands in. */
type PageName = 'cgi' | 'production' | 'proxies'

/** The places of a test, in the place of those in the pages. */
export interface Places {
  /** The port of the proxy. */
  front: number
  /** The port of the server; 0 for a server on a unix socket. */
  port: number
  /** The path of the unix socket of the server. */
  socket: string
}

/** The block that is marked `recipe=NAME` in docs/PAGE.md. @throws Error if there is not exactly one */
export function recipeOf(page: PageName, language: string, name: string): string {
  const text = readFileSync(new URL(`../../docs/${page}.md`, import.meta.url), 'utf8')
  const fence = new RegExp(`^\`\`\`${language} recipe=${name}\\n([^]*?)^\`\`\`$`, 'gm')
  const found = [...text.matchAll(fence)].map(([, block = '']) => block)
  const [only] = found
  if (only !== undefined && found.length === 1) return only
  throw new Error(`docs/${page}.md has ${found.length} recipes "${name}" in ${language}`)
}

/** The recipe at the places of a test. @throws Error if the recipe has none of these places */
export function placed(recipe: string, { front, port, socket }: Places): string {
  const atFront = recipe
    .replaceAll('listen 80;', `listen 127.0.0.1:${front};`)
    .replaceAll('bind :80\n', `bind 127.0.0.1:${front}\n`)
  const atServer = atFront
    .replaceAll(/\b127\.0\.0\.1:(?:8000|9000)\b/g, `127.0.0.1:${port}`)
    .replaceAll('/run/shop/app.sock', socket)
  if (atFront === recipe || atServer === atFront) throw new Error('the recipe has other places')
  return atServer
}

const isRoot = process.getuid?.() === 0

/** A whole configuration of nginx around a file of `conf.d`. */
export function nginxConfig(recipe: string, directory: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `daemon off;
worker_processes 1;
${isRoot ? 'user root;' : ''}
pid ${directory}/nginx.pid;
error_log ${directory}/error.log warn;
events { worker_connections 256; }
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${directory}/${name};`).join('\n  ')}
  ${recipe
    .replaceAll(/include (scgi|fastcgi)_params;/g, 'include /etc/nginx/$1_params;')
    .replaceAll('/etc/nginx/shop.htpasswd', `${directory}/shop.htpasswd`)}
}
`
}
