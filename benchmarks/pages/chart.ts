// Charts of a run: for light and dark pages, as SVG, by ECharts.

import * as echarts from 'echarts'
import { shown } from '../table.ts'
import type { Report } from '../report.ts'
import type { Column, Scenario } from '../scenarios/scenario.ts'

/** The content of a chart. */
export interface Chart {
  /** Name of the file, without theme and extension. */
  file: string
  title: string
  scenario: Scenario
  column: Column
  /** `bars`: a line of bars for each row. `groups`: a group of columns for each variant, on a logarithmic scale. */
  kind: 'bars' | 'groups'
}

/** A colour scheme. The background is transparent. */
export type Theme = 'light' | 'dark'

const INK = { light: '#1f2328', dark: '#e6edf3' }
const FAINT = { light: '#d1d9e0', dark: '#3d444d' }
const WIDTH = 860
// Colours that readers with any colour vision can tell apart (Okabe and Ito).
const COLOURS = {
  light: ['#0072b2', '#e69f00', '#009e73', '#d55e00', '#cc79a7', '#56b4e9'],
  dark: ['#56b4e9', '#e69f00', '#009e73', '#d55e00', '#cc79a7', '#0072b2'],
}
// The reader's font is not known here, so the measured font is a wide one.
const EM_PER_LETTER = 0.6

echarts.setPlatformAPI({
  measureText: (text: string, font = '12px') => {
    const size = Number(/(\d+)px/.exec(font)?.[1] ?? 12)
    return { width: text.length * size * EM_PER_LETTER }
  },
})

interface Series {
  name: string
  values: Array<number | null>
}

/** The SVG of a chart; undefined if the run did not measure it. */
export function svgOf(chart: Chart, report: Report, theme: Theme): string | undefined {
  const { categories, series } = dataOf(chart, report)
  if (categories.length === 0 || series.length === 0) return undefined
  const bars = chart.kind === 'bars'
  const height = bars ? 90 + categories.length * (14 * series.length + 12) : 420
  const drawing = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height })
  drawing.setOption(optionOf(chart, { categories, series }, theme))
  const svg = drawing.renderToSVGString()
  drawing.dispose()
  return `${stable(svg)}\n`
}

function dataOf(chart: Chart, report: Report): { categories: string[]; series: Series[] } {
  const { scenario, column, kind } = chart
  const rows = report.scenarios.find(({ id }) => id === scenario.id)?.rows ?? []
  const variants = Object.keys(scenario.variants).filter((variant) =>
    rows.some(({ cells }) => cells[variant] !== undefined),
  )
  const valueOf = (row: (typeof rows)[number], variant: string): number | null =>
    row.cells[variant]?.median[column.number] ?? null
  const label = (variant: string): string => scenario.variants[variant] ?? variant

  if (kind === 'bars') {
    const series = variants.map((variant) => ({
      name: label(variant),
      values: rows.map((row) => valueOf(row, variant)),
    }))
    return { categories: rows.map(({ name }) => name), series }
  }
  const series = rows.map((row) => ({
    name: row.name,
    values: variants.map((variant) => valueOf(row, variant)),
  }))
  return { categories: variants.map(label), series }
}

function optionOf(
  { title, column, kind }: Chart,
  { categories, series }: { categories: string[]; series: Series[] },
  theme: Theme,
): echarts.EChartsCoreOption {
  const bars = kind === 'bars'
  const text = { color: INK[theme], fontFamily: 'system-ui, sans-serif', fontSize: 12 }
  const faint = { lineStyle: { color: FAINT[theme] } }
  const category = {
    type: 'category',
    data: categories,
    inverse: bars,
    axisLabel: text,
    axisLine: faint,
    axisTick: { show: false },
  }
  const value = {
    type: bars ? 'value' : 'log',
    axisLabel: text,
    splitLine: faint,
    minorSplitLine: { show: false },
    ...(!bars && { min: decadeBelow(series), startValue: decadeBelow(series) }),
  }
  return {
    animation: false,
    backgroundColor: 'transparent',
    color: COLOURS[theme],
    textStyle: text,
    title: { text: title, textStyle: { ...text, fontSize: 15, fontWeight: 600 }, left: 8, top: 6 },
    legend: { top: 32, left: 8, textStyle: text, itemHeight: 10 },
    grid: { left: 8, right: 60, top: bars ? 62 : 88, bottom: 8, containLabel: true },
    xAxis: bars ? value : category,
    yAxis: bars ? category : value,
    series: series.map(({ name, values }) => ({
      name,
      type: 'bar',
      data: values,
      barCategoryGap: '28%',
      label: {
        show: true,
        position: bars ? 'right' : 'top',
        formatter: ({ value }: { value: number }) => labelOf(value, column),
        ...text,
        fontSize: 10,
      },
    })),
  }
}

// A column of a logarithmic scale that begins above its value would hang from it.
function decadeBelow(series: readonly Series[]): number {
  const values = series.flatMap(({ values }) => values.filter((value) => value !== null))
  return 10 ** Math.floor(Math.log10(Math.min(...values)))
}

// Columns are narrow: large numbers get no decimals.
function labelOf(value: number, column: Column): string {
  const most = 2 - Math.floor(Math.log10(Math.max(1, value)))
  const digits = Math.min(column.digits, Math.max(0, most))
  return shown({ [column.number]: value }, { ...column, digits })
}

// The library numbers its classes over all drawings, so that two drawings of the same data would differ. The classes only
// serve a hovering pointer, which a picture does not have.
function stable(svg: string): string {
  return svg.replace(/<style ?>.*?<\/style>\n?/s, '').replaceAll(/ class="[^"]*"/g, '')
}
