// The page of the report: polls the server and shows each part.

import { makeAdvice } from './advice.js'
import { makeCharts } from './charts.js'
import { find, setText } from './element.js'
import { History } from './history.js'
import { makeMigrations } from './migrations.js'
import { makeMounts } from './mounts.js'
import { makeOverview } from './overview.js'
import { startPolling } from './polling.js'
import { clockText } from './wording.js'
import { makeWorkers } from './workers.js'

/** @import { Report } from '../../contract/report.ts' */

const history = new History()
const showOverview = makeOverview()
const showAdvice = makeAdvice()
const showWorkers = makeWorkers()
const showMounts = makeMounts(history)
const showCharts = makeCharts(history)
const showMigrations = makeMigrations({ onChanged: () => pollNow() })
let goneSince = 0

const pollNow = startPolling({ onReport, onFailure })

/** @param {Report} report */
function onReport(report) {
  goneSince = 0
  document.body.dataset['state'] = 'live'
  setText(find('state'), 'Live')

  history.add(report)
  showOverview(report)
  showAdvice(report.advice)
  showWorkers(report)
  showMounts(report.mounts)
  showCharts(report.mounts)
  showMigrations(report.migrations)
}

/** @param {string} reason */
function onFailure(reason) {
  goneSince ||= Date.now()
  document.body.dataset['state'] = 'gone'
  setText(find('state'), `${reason} (since ${clockText(goneSince)}). The page tries again.`)
}
