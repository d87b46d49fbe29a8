// A ticket to print, as SVG.

import { html } from './html.ts'
import { findPerformance } from './programme.ts'
import type { Ticket } from './ledger.ts'

const LONG_NAME = 26

/** The finished image. */
export function ticketSvg(ticket: Ticket): string {
  const performance = findPerformance(ticket.performance)
  // A long name is squeezed into the width instead of running out of the paper.
  const squeeze = ticket.name.length > LONG_NAME ? html`textLength="360"` : html``

  return html`<svg
    xmlns="http://www.w3.org/2000/svg"
    viewBox="0 0 600 220"
    font-family="Georgia, serif"
  >
    <rect
      x="8"
      y="8"
      width="584"
      height="204"
      rx="14"
      fill="#fbf8f1"
      stroke="#8f2d23"
      stroke-width="2"
    />
    <path d="M430 12V208" stroke="#8f2d23" stroke-dasharray="2 7" stroke-linecap="round" />
    <g fill="#221e19">
      <text x="36" y="52" font-size="15" letter-spacing="3" fill="#8f2d23">STRAIT THEATRE</text>
      <text x="36" y="104" font-size="32">${performance?.title ?? ''}</text>
      <text x="36" y="136" font-size="17">${performance?.when ?? ''}</text>
      <text x="36" y="182" font-size="22" font-style="italic" ${squeeze}>${ticket.name}</text>
      <g text-anchor="middle">
        <text x="511" y="66" font-size="15">seat</text>
        <text x="511" y="132" font-size="64">${ticket.seat}</text>
        <text x="511" y="182" font-size="15">No. ${ticket.number}</text>
      </g>
    </g>
  </svg> `.markup
}
