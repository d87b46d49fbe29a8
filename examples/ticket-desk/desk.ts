// Style 1, sync: the old desk. Pages, forms, a report and files, in blocking code.

import { sync } from 'isthmus'
import { sendAsset } from './assets.ts'
import { deskPage } from './desk-page.ts'
import { ledger } from './ledger.ts'
import { readOrder, Refusal } from './order.ts'
import { sendPage, sendProblem } from './page.ts'
import { reportRows } from './report.ts'
import { ticketSvg } from './ticket-svg.ts'
import type { Environ, StartResponse, SyncApp, SyncBody } from 'isthmus'

type Answer = (environ: Environ, startResponse: StartResponse, argument: string) => SyncBody

interface Route {
  readonly path: RegExp
  readonly method: 'GET' | 'POST'
  readonly answer: Answer
}

const ROUTES: readonly Route[] = [
  { path: /^\/?$/, method: 'GET', answer: showDesk },
  { path: /^\/tickets$/, method: 'POST', answer: sellTicket },
  { path: /^\/tickets\/([1-9]\d{0,8})\/ticket\.svg$/, method: 'GET', answer: sendTicket },
  { path: /^\/report\.csv$/, method: 'GET', answer: sendReport },
  { path: /^\/([a-z]+\.[a-z]+)$/, method: 'GET', answer: sendFile },
]

/** The pages of the desk. */
export const desk: SyncApp = sync((environ, startResponse) => {
  const route = ROUTES.find(({ path }) => path.test(environ.PATH_INFO))
  if (route === undefined) return sendNotFound(environ, startResponse)

  const method = environ.REQUEST_METHOD === 'HEAD' ? 'GET' : environ.REQUEST_METHOD
  if (method !== route.method) return sendWrongMethod(environ, startResponse, route)

  const argument = route.path.exec(environ.PATH_INFO)?.[1] ?? ''
  return route.answer(environ, startResponse, argument)
})

function showDesk(environ: Environ, startResponse: StartResponse): SyncBody {
  const bought = Number(new URLSearchParams(environ.QUERY_STRING).get('bought'))
  const main = deskPage(ledger, ledger.read()[bought - 1])
  return sendPage(environ, startResponse, { title: 'Tickets', main })
}

function sellTicket(environ: Environ, startResponse: StartResponse): SyncBody {
  try {
    const { name, performance } = readOrder(environ)
    const ticket = ledger.sell(name, performance.id)
    if (ticket === undefined) throw new Refusal('409 Conflict', `${performance.title} is sold out.`)

    environ['isthmus.channels']?.publish('tickets', ticket)
    // Post/Redirect/Get: reloading the page must not buy again.
    startResponse('303 See Other', [
      ['Location', `${environ.SCRIPT_NAME}/?bought=${ticket.number}`],
    ])
    return []
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return sendProblem(environ, startResponse, error)
  }
}

function sendTicket(environ: Environ, startResponse: StartResponse, number: string): SyncBody {
  const ticket = ledger.read()[Number(number) - 1]
  if (ticket === undefined) return sendNotFound(environ, startResponse)

  startResponse('200 OK', [
    ['Content-Type', 'image/svg+xml'],
    ['Content-Disposition', `attachment; filename="ticket-${ticket.number}.svg"`],
    ['Content-Security-Policy', "default-src 'none'"],
  ])
  return [ticketSvg(ticket)]
}

function sendReport(_environ: Environ, startResponse: StartResponse): SyncBody {
  startResponse('200 OK', [
    ['Content-Type', 'text/csv; charset=utf-8'],
    ['Content-Disposition', 'attachment; filename="report.csv"'],
    ['Cache-Control', 'no-store'],
  ])
  return reportRows(ledger)
}

function sendFile(environ: Environ, startResponse: StartResponse, name: string): SyncBody {
  return sendAsset(name, environ, startResponse) ?? sendNotFound(environ, startResponse)
}

function sendNotFound(environ: Environ, startResponse: StartResponse): SyncBody {
  return sendProblem(environ, startResponse, {
    status: '404 Not Found',
    message: 'There is nothing at this address.',
  })
}

function sendWrongMethod(environ: Environ, startResponse: StartResponse, route: Route): SyncBody {
  return sendProblem(environ, startResponse, {
    status: '405 Method Not Allowed',
    message: `This address takes ${route.method} only.`,
    headers: [['Allow', route.method === 'GET' ? 'GET, HEAD' : 'POST']],
  })
}
