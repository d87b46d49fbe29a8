import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { deadLinks } from '../../../scripts/reference/dead-links.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dead-links-'))
  mkdirSync(join(folder, 'types'))
  writeFileSync(join(folder, 'icons.svg'), '<svg><g id="anchor"></g></svg>')
})
afterEach(() => rmSync(folder, { recursive: true }))

function page(path: string, body: string): void {
  writeFileSync(join(folder, path), `<!doctype html><body>${body}</body>`)
}

it('finds no dead link in pages, anchors and pictures that are there', () => {
  page('index.html', '<a href="types/A%20B.html#size">size</a> <a href="#top" id="top">up</a>')
  page('types/A B.html', '<h2 id="size"></h2><use href="../icons.svg#anchor"></use>')
  expect(deadLinks(folder)).toEqual([])
})

it('finds a link to a page, an anchor and a picture that are not there', () => {
  page('index.html', '<a href="types/App.html#gone"> <a href="gone.html?a=1&amp;b"> <a href="#no">')
  page('types/App.html', '<img src="../gone.png"><use href="../icons.svg#gone"></use>')
  expect(deadLinks(folder)).toEqual([
    'index.html: types/App.html#gone',
    'index.html: gone.html?a=1&b',
    'index.html: #no',
    'types/App.html: ../gone.png',
    'types/App.html: ../icons.svg#gone',
  ])
})

it('does not read links to other sites', () => {
  page(
    'index.html',
    '<a href="https://example.com/gone"> <a href="//example.com"> <a href="mailto:a@b">',
  )
  expect(deadLinks(folder)).toEqual([])
})
