import { GROUPS } from './cases/all.ts'
import { lookAt } from './look-at.ts'
const names = process.argv[2]!.split(',') as any[]
const pat = process.argv[3] ? new RegExp(process.argv[3]) : /./
for (const g of GROUPS) {
  if (!pat.test(g.title) && !g.cases.some((c) => pat.test(c.name))) continue
  console.log('##', g.title)
  for (const c of g.cases) {
    if (!pat.test(g.title) && !pat.test(c.name)) continue
    for (const n of names) {
      const t = performance.now()
      const f = await lookAt(n, c)
      console.log(`${c.name} | ${n} | ${f} | ${Math.round(performance.now() - t)}`)
    }
  }
}
process.exit()
