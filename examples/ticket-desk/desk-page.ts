// The one page of the desk, as HTML. It works without JavaScript; with it, the board and the chart are live.

import { isMainThread } from 'node:worker_threads'
import { html } from './html.ts'
import { findPerformance, PROGRAMME } from './programme.ts'
import type { Markup } from './html.ts'
import type { Ledger, Ticket } from './ledger.ts'
import type { Performance } from './programme.ts'

const BOARD_ROWS = 6

/** The desk; `bought` is the ticket to confirm. */
export function deskPage(ledger: Ledger, bought: Ticket | undefined): Markup {
  const tickets = ledger.read()
  return html`
    <header>
      <h1>Strait Theatre</h1>
      <p class="ticker">
        <span id="ticker" aria-live="polite">${newest(tickets.at(-1))}</span>
        <small>async-iterable</small>
      </p>
    </header>
    <main class="desk">${orderForm(ledger, bought)} ${boardOf(tickets)} ${roundTrips()}</main>
    <footer>
      <a href="conditions.txt">Conditions of sale</a>
      <span>One port, three styles of app: sync, async-iterable, events.</span>
    </footer>
    <script src="uplot.js" defer></script>
    <script src="desk.js" type="module"></script>
  `
}

function newest(ticket: Ticket | undefined): Markup {
  if (ticket === undefined) return html`The box office is open.`
  return html`Just sold: <b>${titleOf(ticket)}</b>, seat ${ticket.seat}`
}

function orderForm(ledger: Ledger, bought: Ticket | undefined): Markup {
  return html`<section class="card" aria-labelledby="order">
    <h2 id="order">Buy a ticket <small>sync</small></h2>
    ${bought === undefined ? [] : confirmation(bought)}
    <form action="tickets" method="post">
      <label for="name">Name on the ticket</label>
      <input id="name" name="name" required maxlength="60" autocomplete="name" />
      <fieldset>
        <legend>Performance</legend>
        ${PROGRAMME.map((performance) => choice(performance, ledger))}
      </fieldset>
      <button class="primary">Buy</button>
    </form>
  </section>`
}

function confirmation(ticket: Ticket): Markup {
  return html`<p class="confirmation" role="status">
    <span>Seat ${ticket.seat}, ${titleOf(ticket)}: it is yours, <bdi>${ticket.name}</bdi>.</span>
    <a href="tickets/${ticket.number}/ticket.svg">Download the ticket</a>
  </p>`
}

function choice(performance: Performance, ledger: Ledger): Markup {
  const { id, title, when, priceEuros, seats } = performance
  return html`<label class="choice">
    <input type="radio" name="performance" value="${id}" required />
    <span>
      <b>${title}</b>
      <small>
        ${when} ·
        <span data-left="${id}" data-seats="${seats}">${ledger.seatsLeft(id)}</span> seats left
      </small>
    </span>
    <span class="price">€${priceEuros}</span>
  </label>`
}

function boardOf(tickets: readonly Ticket[]): Markup {
  const shown = tickets.slice(-BOARD_ROWS).toReversed()
  return html`<section class="card" aria-labelledby="sold">
    <h2 id="sold">Sold <small>events</small> <span class="link" id="link"></span></h2>
    <ol id="board" data-seen="${tickets.length}" data-rows="${BOARD_ROWS}">
      ${shown.map(row)}
    </ol>
    <p class="empty">Nothing yet. The first ticket sold appears here, in every open window.</p>
    <template id="row">
      ${row({ id: '', number: 0, seat: 0, name: '', performance: '' })}
    </template>
  </section>`
}

function row(ticket: Ticket): Markup {
  return html`<li>
    <span class="number">${ticket.number}</span>
    <bdi class="name">${ticket.name}</bdi>
    <span class="title">${titleOf(ticket)}</span>
    <span class="seat">seat <b>${ticket.seat}</b></span>
  </li>`
}

function roundTrips(): Markup {
  return html`<section class="card wide" aria-labelledby="trips">
    <div class="split">
      <div>
        <h2 id="trips">Round trip of the board</h2>
        <p>
          The report is blocking code: two seconds of arithmetic. Run on the event loop, it stops
          every socket and the line climbs. Run in a thread, the line stays flat.
          <b id="place">This desk runs ${isMainThread ? 'on the event loop' : 'in a thread'}.</b>
        </p>
        <form id="report" action="report.csv"><button>Run the slow report</button></form>
        <output id="verdict" for="report"></output>
      </div>
      <figure>
        <figcaption>
          <span>now <b id="now">–</b></span>
          <span>worst of the last minute <b id="worst">–</b></span>
        </figcaption>
        <div id="chart"></div>
      </figure>
    </div>
  </section>`
}

function titleOf(ticket: Ticket): string {
  return findPerformance(ticket.performance)?.title ?? ''
}
