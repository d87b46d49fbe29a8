// The frame of every page, and the page for errors.

import { html } from './html.ts'
import type { Environ, StartResponse, SyncBody } from 'isthmus'
import type { Markup } from './html.ts'

const HEADERS = [
  ['Content-Type', 'text/html; charset=utf-8'],
  ['Cache-Control', 'no-store'],
  ['Content-Security-Policy', "default-src 'self'; base-uri 'self'; frame-ancestors 'none'"],
  ['X-Content-Type-Options', 'nosniff'],
] as const

/** Answers with a page. Relative links in `main` start from where the desk is mounted. */
export function sendPage(
  environ: Environ,
  startResponse: StartResponse,
  page: { status?: string; headers?: Array<[string, string]>; title: string; main: Markup },
): SyncBody {
  startResponse(page.status ?? '200 OK', [...HEADERS, ...(page.headers ?? [])])
  const document = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <base href="${environ.SCRIPT_NAME}/" />
        <meta name="viewport" content="width=device-width" />
        <meta name="color-scheme" content="light dark" />
        <title>${page.title} · Strait Theatre</title>
        <link rel="icon" href="favicon.svg" />
        <link rel="stylesheet" href="uplot.css" />
        <link rel="stylesheet" href="house.css" />
        <link rel="stylesheet" href="desk.css" />
      </head>
      <body>
        ${page.main}
      </body>
    </html>`
  return [document.markup]
}

/** Answers with a page that names the error and the next step. */
export function sendProblem(
  environ: Environ,
  startResponse: StartResponse,
  problem: { status: string; message: string; headers?: Array<[string, string]> },
): SyncBody {
  const title = problem.status.slice(4)
  const main = html`<main class="problem card">
    <h1>${title}</h1>
    <p>${problem.message}</p>
    <p><a href="">Back to the ticket desk</a></p>
  </main>`
  return sendPage(environ, startResponse, { ...problem, title, main })
}
