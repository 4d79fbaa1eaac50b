/** The look of a report's page: light and dark by the charts' own variables. Text only. */
import { themes } from "../charts/svg.ts"
import { sequenceRules } from "./sequence.ts"

/** The page has the colours of a chart, so that what is drawn in it has them too. */
const pageThemes = themes.map((rule) =>
  rule
    .replaceAll(".troupe-chart[data-theme=light],", "")
    .replaceAll(".troupe-chart[data-theme=dark],", "")
    .replaceAll("[data-theme=light] .troupe-chart", ":root[data-theme=light]")
    .replaceAll("[data-theme=dark] .troupe-chart", ":root[data-theme=dark]")
    .replaceAll(".troupe-chart", ":root")
)

const rules = `
:root{color-scheme:light dark}
:root[data-theme=light]{color-scheme:light}
:root[data-theme=dark]{color-scheme:dark}
*{box-sizing:border-box}
html,body{height:100%;margin:0}
body{display:flex;flex-direction:column;background:var(--chart-paper);color:var(--chart-ink);
  font:13px/1.45 Inter,"Segoe UI","Helvetica Neue",Arial,sans-serif}
header{display:flex;flex-wrap:wrap;gap:6px 16px;align-items:center;padding:8px 14px;
  border-bottom:1px solid var(--chart-edge);background:var(--chart-open)}
h1{font-size:15px;margin:0}
header p{margin:0;color:var(--chart-faint);overflow-wrap:anywhere}
nav{display:flex;flex-wrap:wrap;gap:4px;margin-left:auto}
button,select,input[type=search]{font:inherit;color:inherit;background:var(--chart-box);
  border:1px solid var(--chart-border);border-radius:5px;padding:2px 9px}
button:hover{background:var(--chart-mark)}
input[type=search]{width:13em}
main{flex:1;min-height:0;display:flex}
#left{flex:0 0 42%;min-width:0;display:flex;flex-direction:column;
  border-right:1px solid var(--chart-edge)}
#tools{display:flex;flex-wrap:wrap;gap:4px 14px;align-items:center;padding:6px 12px}
#tools select,nav select{max-width:22em}
#charts{flex:1;min-height:0;overflow:auto;border-top:1px solid var(--chart-edge);
  border-bottom:1px solid var(--chart-edge)}
#charts figure{margin:0}
#charts svg{display:block}
#charts.whole figure{height:100%}
#charts.whole svg{max-width:100%;max-height:100%}
#charts .taken>.way{stroke:var(--chart-region);stroke-width:3}
#charts .taken>.tip{fill:var(--chart-region);stroke:var(--chart-region);stroke-width:3}
#charts .taken>.label{fill:var(--chart-mark);stroke:var(--chart-region);stroke-width:1.6}
#left[hidden]{display:none}
#notice{margin:0;padding:0 12px 6px;color:var(--chart-bad);overflow-wrap:anywhere}
#notice:empty{display:none}
#actors{flex:0 1 auto;max-height:30%;overflow:auto}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:2px 12px;border-bottom:1px solid var(--chart-edge);
  font-weight:400;overflow-wrap:anywhere}
th{color:var(--chart-faint);width:45%}
#right{flex:1;min-width:0;display:flex;flex-direction:column}
#scroller{flex:1;min-height:0;overflow:auto}
#scroller svg{display:block}
#head{position:sticky;top:0;background:var(--chart-open);border-bottom:1px solid var(--chart-edge)}
.now{fill:var(--chart-mark)}
footer{border-top:1px solid var(--chart-edge);background:var(--chart-open);padding:6px 14px;
  height:10.5em;overflow:auto;flex:none}
#time{position:relative}
#line{width:100%;margin:0;display:block}
#ticks{display:block;width:calc(100% - 16px);margin:0 8px;height:10px;overflow:visible}
.tick{fill:var(--chart-faint)}
.tick.violation,.tick.crashed{fill:var(--chart-bad)}
.tick.fault,.tick.overtaken{fill:var(--chart-late)}
#where{font-weight:600;margin:2px 0}
dl{display:flex;flex-wrap:wrap;gap:2px 18px;margin:0}
dl div{display:flex;gap:6px}
dt{color:var(--chart-faint);white-space:nowrap}
dd{margin:0;overflow-wrap:anywhere;white-space:pre-wrap}
.gutter .about{fill:var(--chart-ink);font-weight:600}
.gutter rect{fill:var(--chart-open)}
`

export const pageStyle: string = [...pageThemes, sequenceRules, rules.trim()].join("\n")
