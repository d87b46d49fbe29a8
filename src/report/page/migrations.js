// Each migration: its share, the figures of both apps, and the result of the comparisons.

import { element, find, setText } from './element.js'
import { keyedList } from './keyed-list.js'
import { makeMismatches } from './mismatches.js'
import { makeShareForm } from './share-form.js'
import { countText, msText, percentText } from './wording.js'

/** @import { MigrationReport, ShadowReport, SideReport } from '../../contract/report.ts' */

const SIDE_COLUMNS = ['', 'App', 'Requests', 'Errors', 'p50', 'p99', 'Max']

/**
 * @param {{ onChanged: () => void }} listener `onChanged` runs after the server has accepted a change
 * @returns {(migrations: readonly MigrationReport[]) => void}
 */
export function makeMigrations({ onChanged }) {
  const section = find('migrations')
  const show = keyedList(
    section,
    (/** @type {MigrationReport} */ { path }) => path,
    (migration) => makeMigration(migration, onChanged),
  )
  return (migrations) => {
    section.hidden = migrations.length === 0
    show(migrations)
  }
}

/**
 * @param {MigrationReport} migration
 * @param {() => void} onChanged
 */
function makeMigration({ path }, onChanged) {
  const share = isReadOnly() ? makeShareText() : makeShareForm(path, onChanged)
  const sides = makeSides(path)
  const shadow = makeShadow(path)
  const title = element('h3', {}, element('code', {}, path))
  const node = element('article', { class: 'migration', 'aria-label': `Migration of ${path}` })
  node.append(title, share.node, sides.node, shadow.node)

  const show = (/** @type {MigrationReport} */ migration) => {
    share.show(migration.share)
    sides.show(migration)
    shadow.show(migration.shadow)
  }
  return { node, show }
}

/** The server says in the page whether it accepts changes. */
const isReadOnly = () => document.documentElement.dataset['control'] !== 'on'

function makeShareText() {
  const value = element('strong')
  const node = element('p', { class: 'share' }, 'Share of the new app: ', value, ' (read only)')
  return { node, show: (/** @type {number} */ share) => setText(value, percentText(share)) }
}

/** @param {string} path */
function makeSides(path) {
  const [from, to, copies] = [makeSide('Old app'), makeSide('New app'), makeSide('Copies')]
  const heads = SIDE_COLUMNS.map((name) => element('th', { scope: 'col' }, name))
  const node = element(
    'table',
    { class: 'sides', 'aria-label': `The apps of ${path}` },
    element('thead', {}, element('tr', {}, ...heads)),
    element('tbody', {}, from.node, to.node, copies.node),
  )

  const show = (/** @type {MigrationReport} */ migration) => {
    from.show(sideTexts(migration.from))
    to.show(sideTexts(migration.to))
    copies.node.hidden = migration.shadow === null
    if (migration.shadow) copies.show(copyTexts(migration.shadow))
  }
  return { node, show }
}

/** @param {string} name */
function makeSide(name) {
  const cells = SIDE_COLUMNS.slice(1).map(() => element('td'))
  const node = element('tr', {}, element('th', { scope: 'row' }, name), ...cells)
  const show = (/** @type {readonly string[]} */ texts) => {
    for (const [index, cell] of cells.entries()) setText(cell, texts[index] ?? '')
  }
  return { node, show }
}

/** @param {SideReport} side */
function sideTexts({ style, hosting, requests, errors, latencyMs }) {
  const app = style === null ? hosting : `${style}, ${hosting === 'loop' ? 'on the loop' : hosting}`
  const { p50, p99, max } = latencyMs
  return [app, countText(requests), countText(errors), msText(p50), msText(p99), msText(max)]
}

/** @param {ShadowReport} shadow */
function copyTexts({ rate, compared, failed, latencyMs }) {
  const { p50, p99, max } = latencyMs
  const copied = `${percentText(rate)} of requests`
  return [
    copied,
    countText(compared + failed),
    countText(failed),
    msText(p50),
    msText(p99),
    msText(max),
  ]
}

/** @param {string} path */
function makeShadow(path) {
  const counts = element('p', { class: 'counts' })
  const mismatches = makeMismatches(path)
  const node = element('div', {}, counts, mismatches.node)

  const show = (/** @type {ShadowReport | null} */ shadow) => {
    setText(counts, shadow ? countsText(shadow) : 'No shadow: the answers are not compared.')
    mismatches.node.hidden = shadow === null
    mismatches.show(shadow?.last ?? [])
  }
  return { node, show }
}

/** @param {ShadowReport} shadow */
function countsText({ compared, matches, mismatches, noise, skipped, failed, baseline }) {
  const reasons = Object.entries(skipped).filter(([, count]) => count > 0)
  const all = reasons.reduce((sum, [, count]) => sum + count, 0)
  const why = reasons.map(([reason, count]) => `${reason} ${countText(count)}`).join(', ')
  return [
    `${countText(compared)} compared`,
    `${countText(matches)} matches`,
    `${countText(mismatches)} mismatches`,
    baseline ? `${countText(noise)} noise` : 'noise is not measured',
    all === 0 ? '0 skipped' : `${countText(all)} skipped (${why})`,
    `${countText(failed)} failed`,
  ].join(' · ')
}
