// A chart on a page: the one that fits the reader's colour scheme.

import type { Chart, Theme } from './chart.ts'

/** The name of a chart's file. */
export function svgName({ file }: Chart, theme: Theme): string {
  return `${file}-${theme}.svg`
}

/** The HTML of a chart whose files are in `folder`: empty, or with a slash at its end. */
export function pictureOf(chart: Chart, folder: string): string {
  return [
    '<picture>',
    `  <source media="(prefers-color-scheme: dark)" srcset="${folder}${svgName(chart, 'dark')}">`,
    `  <img alt="${chart.title}" src="${folder}${svgName(chart, 'light')}">`,
    '</picture>',
  ].join('\n')
}
