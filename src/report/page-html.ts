// The HTML of the page. The browser fills the sections; see src/report/page/main.js.

const BODY = `    <header>
      <h1>isthmus report</h1>
      <p id="state" role="status">Waiting for the first figures</p>
    </header>
    <main>
      <section aria-labelledby="advice-title">
        <h2 id="advice-title">Advice</h2>
        <div class="advice" role="region" tabindex="0" aria-labelledby="advice-title">
          <p id="no-advice" class="empty">Nothing to do.</p>
          <ul id="advice"></ul>
        </div>
        <p id="announcer" class="unseen" aria-live="polite"></p>
      </section>
      <section aria-labelledby="process-title">
        <h2 id="process-title">Process</h2>
        <dl id="overview"></dl>
      </section>
      <section id="workers" aria-labelledby="workers-title" hidden>
        <h2 id="workers-title">Workers</h2>
        <table id="worker-table" class="cards" role="table" aria-labelledby="workers-title"></table>
      </section>
      <section aria-labelledby="mounts-title">
        <h2 id="mounts-title">Mounts</h2>
        <table id="mounts" class="cards" role="table" aria-labelledby="mounts-title"></table>
      </section>
      <section id="migrations" aria-labelledby="migrations-title" hidden>
        <h2 id="migrations-title">Migrations</h2>
      </section>
      <section aria-labelledby="charts-title">
        <h2 id="charts-title">The last five minutes</h2>
        <div id="charts"></div>
      </section>
    </main>
    <noscript>This page needs JavaScript. The same figures as JSON: <a href="report.json">report.json</a></noscript>
`

/**
 * The page as HTML. Its links are relative, so it works below any path.
 *
 * @param control whether the page offers changes of migrations
 */
export function pageHtml(control: boolean): string {
  return `<!doctype html>
<html lang="en" data-control="${control ? 'on' : 'off'}">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>isthmus report</title>
    <link rel="icon" href="favicon.svg" />
    <link rel="stylesheet" href="uplot.css" />
    <link rel="stylesheet" href="page.css" />
    <script src="uplot.js" defer></script>
    <script src="main.js" type="module"></script>
  </head>
  <body data-state="starting">
${BODY}  </body>
</html>
`
}
