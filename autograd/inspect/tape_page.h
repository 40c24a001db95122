// SPDX-License-Identifier: MIT
// The style sheet and the script of the page that tape_html() writes.
#pragma once
#include <string_view>

namespace hourglass {

inline constexpr std::string_view kPageStyle = R"css(
:root { --ink:#1c2733; --soft:#5b6b7b; --line:#c3ccd6; --down:#c2410c; --up:#1d4ed8; }
* { box-sizing:border-box; }
body { margin:0; font:14px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif; color:var(--ink);
       background:#fff; display:grid; grid-template:auto 1fr / minmax(0,1fr) 430px; height:100vh; }
header { grid-column:1/3; padding:10px 18px; border-bottom:1px solid var(--line); display:flex; gap:8px 26px; align-items:center;
         flex-wrap:wrap; }
h1 { font-size:17px; margin:0; } h2 { font-size:16px; margin:0 0 2px; } h3 { font-size:13px; margin:18px 0 5px; color:var(--soft);
     font-weight:600; }
.legend span { margin-right:14px; white-space:nowrap; } .legend i { display:inline-block; width:14px; height:12px; border-radius:3px;
     margin-right:5px; vertical-align:-1px; border:1px solid #0003; }
.tools { margin-left:auto; } button { font:inherit; border:1px solid var(--line); background:#f7f9fb; border-radius:6px;
     padding:2px 10px; cursor:pointer; } button:hover { background:#e8eef4; }
#view { overflow:auto; background:#fbfcfd; } #graph { display:block; margin:0 auto; }
aside { overflow:auto; border-left:1px solid var(--line); padding:14px 18px 40px; }
.node { cursor:pointer; outline:none; } .node rect { stroke:#7f93a8; stroke-width:1.2; }
.node text { text-anchor:middle; fill:var(--ink); } .op { font-size:13px; font-weight:600; }
.type { font-size:10.5px; fill:var(--soft) !important; } .where { font-size:10px; fill:#46627e !important; }
.leaf rect, i.leaf { fill:#dff2df; background:#dff2df; } .order0 rect, i.order0 { fill:#eaf0f8; background:#eaf0f8; }
.order1 rect, i.order1 { fill:#ffe5c7; background:#ffe5c7; } .order2 rect, i.order2 { fill:#ecdcf7; background:#ecdcf7; }
.leaf rect { stroke:#6aa56a; } .order1 rect { stroke:#d38b3f; } .order2 rect { stroke:#a273c4; } .end rect { stroke-width:3; }
.sum circle { fill:#fff; stroke:#7f93a8; } .sum text { font-size:9px; font-weight:600; }
.edge { fill:none; stroke:#9fb0c1; stroke-width:1.3; }
.chosen .node, .chosen .edge { opacity:.2; } .chosen .down, .chosen .up, .chosen .here { opacity:1; }
.edge.down { stroke:var(--down); stroke-width:2.2; } .edge.up { stroke:var(--up); stroke-width:2.2; }
.edge.main { stroke-width:4; } .node.down rect { stroke:var(--down); } .node.up rect { stroke:var(--up); }
.node.here rect { stroke:#111; stroke-width:3; } .node:focus-visible rect { stroke-width:3; }
table { border-collapse:collapse; width:100%; margin-bottom:8px; font-variant-numeric:tabular-nums; } td, th { padding:2px 8px 2px 0; text-align:left;
     vertical-align:top; } th { font-weight:400; color:var(--soft); white-space:nowrap; } td.n { text-align:right; } .n { white-space:nowrap; }
a { color:var(--up); cursor:pointer; text-decoration:none; } a:hover { text-decoration:underline; }
code { font:12px/1.4 ui-monospace,"DejaVu Sans Mono",Menlo,monospace; background:#f1f4f7; padding:1px 4px; border-radius:4px;
     overflow-wrap:anywhere; }
ol { padding-left:22px; margin:4px 0; } li { margin:4px 0; } .soft { color:var(--soft); } .bad { color:#b91c1c; font-weight:600; }
.down-ink { color:var(--down); } .up-ink { color:var(--up); }
)css";

// Its data are `nodes`, oldest first. The last node is the end of the graph, where the walk back begins.
inline constexpr std::string_view kPageScript = R"js(
'use strict';
const nodes = JSON.parse(document.getElementById('data').textContent), last = nodes.length - 1;
const graph = document.getElementById('graph'), panel = document.getElementById('panel'), view = document.getElementById('view');
const byId = id => document.getElementById(id);
const esc = t => String(t).replace(/[&<>"']/g, c => '&#' + c.charCodeAt(0) + ';');
const title = k => nodes[k].name || nodes[k].op;
const link = k => `<a data-to="${k}">${esc(title(k))}</a>`;
const num = x => x === null ? '–' : Number(x.toPrecision(3)).toString();
const size = s => s ? `<span class="n"><span class="soft">‖g‖</span> ${num(s.norm)}</span>` : '';
const shares = k => nodes[k].users.filter((u, i, all) => all.indexOf(u) === i)
  .flatMap(u => nodes[u].inputs.filter(e => e.to === k).map(e => ({from: u, words: e.words, share: e.share})));

function table(s) {
  if (!s) return '<p class="soft">not noted</p>';
  const odd = s.nan + s.inf ? `<tr><th>not finite</th><td class="bad">${s.nan} NaN, ${s.inf} infinite</td></tr>` : '';
  if (s.n === 1) return `<table><tr><th>value</th><td>${num(s.mean)}</td></tr>${odd}</table>`;
  return `<table><tr><th>range</th><td>${num(s.min)} to ${num(s.max)}</td><th>zeros</th><td>${num(100 * s.zeros)} %</td></tr>
    <tr><th>mean</th><td>${num(s.mean)}</td><th>std</th><td>${num(s.std)}</td></tr>${odd}
    <tr><th>norm</th><td>${num(s.norm)}</td><th>numbers</th><td>${s.n}</td></tr></table>`;
}

// All nodes that can be reached by next(), each with the edges on the way: [user, which of its inputs].
function reach(start, next) {
  const seen = new Set([start]), edges = [], queue = [start];
  while (queue.length) for (const [to, edge] of next(queue.pop())) {
    edges.push(edge);
    if (!seen.has(to)) { seen.add(to); queue.push(to); }
  }
  return {seen, edges};
}
const inputs = k => nodes[k].inputs.map((e, i) => [e.to, [k, i]]);
const users = k => [...new Set(nodes[k].users)].flatMap(u => nodes[u].inputs.flatMap((e, i) => e.to === k ? [[u, [u, i]]] : []));

// The way by which most of the gradient came: from the end to k, by the largest share at each step.
function mainWay(k) {
  const way = [];
  while (k !== last && nodes[k].users.length) {
    let best = null;
    for (const [u, [, i]] of users(k)) {
      const e = nodes[u].inputs[i], norm = e.share ? e.share.norm ?? 0 : -1;
      if (!best || norm > best.norm) best = {user: u, input: i, norm};
    }
    way.unshift(best);
    k = best.user;
  }
  return way;
}

function choose(k, scroll) {
  for (const e of graph.querySelectorAll('.down,.up,.here,.main')) e.classList.remove('down', 'up', 'here', 'main');
  graph.classList.add('chosen');
  const down = reach(k, users), up = reach(k, inputs), way = mainWay(k);
  for (const n of down.seen) byId('n' + n).classList.add('down');
  for (const n of up.seen) byId('n' + n).classList.add('up');
  for (const [n, i] of down.edges) byId(`e${n}_${i}`).classList.add('down');
  for (const [n, i] of up.edges) byId(`e${n}_${i}`).classList.add('up');
  for (const s of way) byId(`e${s.user}_${s.input}`).classList.add('main');
  byId('n' + k).classList.add('here');
  byId('n' + k).classList.remove('up', 'down');
  if (scroll) byId('n' + k).scrollIntoView({block: 'center', inline: 'center', behavior: 'smooth'});
  location.replace('#n' + k);
  show(k, way);
}

function show(k, way) {
  const n = nodes[k], arrived = shares(k), weights = [...reach(k, inputs).seen].filter(j => nodes[j].op === 'parameter' && j !== k);
  const orders = ['', 'part of a derivative: recorded by a walk back', 'part of a second derivative'];
  let html = `<h2>${esc(title(k))}</h2><div class="soft">${n.name ? esc(n.op) + ' · ' : ''}${esc(n.type)}`
    + (n.order ? ` · <span class="down-ink">${orders[Math.min(n.order, 2)]}${n.rule ? ' of ' + esc(n.rule) : ''}</span>` : '') + '</div>';
  html += '<table>' + (n.formula && n.inputs.length ? `<tr><th>computes</th><td><code>y = ${esc(n.formula)}</code></td></tr>` : '')
    + (n.path ? `<tr><th>module</th><td>${esc(n.path)}</td></tr>` : '') + (n.line ? `<tr><th>called at</th><td><code>${esc(n.line)}</code></td></tr>` : '')
    + (n.inputs.length ? `<tr><th>from</th><td>${n.inputs.map(e => link(e.to)).join(', ')}</td></tr>` : '')
    + n.constants.map(c => `<tr><th>constant</th><td>${esc(c)}</td></tr>`).join('') + '</table>';
  html += '<h3>Its value, forward</h3>' + table(n.value);
  html += `<h3>Its gradient, dL/d(${esc(title(k))})</h3>`;
  if (k === last) html += '<p>This is where the walk back begins, with dL/dL = 1.</p>';
  else if (arrived.length > 1) html += `<p>The sum of ${arrived.length} shares:</p><table>` + arrived.map(a =>
    `<tr><td>${link(a.from)}</td><td><code>${esc(a.words)}</code></td><td class="n">${size(a.share)}</td></tr>`).join('') + '</table>';
  else if (arrived.length) html += `<p>From ${link(arrived[0].from)}: <code>${esc(arrived[0].words)}</code></p>`;
  html += table(n.g);
  if (n.inputs.length) html += '<h3>What its rules pass on</h3><table>' + n.inputs.map(e =>
    `<tr><td>to ${link(e.to)}</td><td><code>${esc(e.words || 'no words for this op')}</code></td><td class="n">${size(e.share)}</td></tr>`
    + (e.ran.length ? `<tr><td></td><td colspan="2" class="soft">${e.ran.map(r => esc(r)).join('<br>')}</td></tr>` : '')).join('') + '</table>';
  if (way.length) html += `<h3 class="down-ink">The way here from ${esc(title(last))}, by the largest shares</h3><ol>` + way.map(s =>
    `<li>${link(s.user)} <code>${esc(nodes[s.user].inputs[s.input].words)}</code> ${size(nodes[s.user].inputs[s.input].share)}</li>`).join('')
    + `<li><b>${esc(title(k))}</b> ${size(n.g)}</li></ol>`;
  if (weights.length) html += '<h3 class="up-ink">Parameters that it leads on to</h3><table>' + weights.map(j =>
    `<tr><td>${link(j)}</td><td class="soft">${esc(nodes[j].type)}</td><td class="n">${size(nodes[j].g)}</td></tr>`).join('') + '</table>';
  panel.innerHTML = html;
  panel.scrollTop = 0;
}

function overview() {
  graph.classList.remove('chosen');
  const leaves = nodes.map((n, k) => k).filter(k => nodes[k].op === 'parameter' || nodes[k].op === 'variable');
  panel.innerHTML = `<h2>How to read this</h2><p>Each box is an op: what it computed is below it in the graph, what it was
    computed from above. The gradient runs the other way, from <b>${esc(title(last))}</b> at the bottom up to the parameters. A
    badge Σ3 says that three shares of gradient meet there and are added up.</p><p>Click a box: <span class="down-ink">the way to the
    end of the graph</span> (thick: where most of its gradient came from) and <span class="up-ink">the way to the weights</span>
    light up. Arrow keys go along the graph, Esc comes back here.</p><h3>Where it ends, and where it begins</h3><table>
    <tr><td>${link(last)}</td><td class="soft">${esc(nodes[last].type)}</td><td class="n">${nodes[last].value && nodes[last].value.n === 1 ? num(nodes[last].value.mean) : ''}</td></tr>`
    + leaves.map(j => `<tr><td>${link(j)}</td><td class="soft">${esc(nodes[j].type)}</td><td class="n">${size(nodes[j].g)}</td></tr>`).join('') + '</table>';
}

let current = -1, zoom = 1;
const width = +graph.getAttribute('width'), height = +graph.getAttribute('height');
function rescale(z) {
  zoom = Math.min(3, Math.max(.1, z));
  graph.setAttribute('width', width * zoom);
  graph.setAttribute('height', height * zoom);
}
function go(k, scroll) { current = k; choose(k, scroll); }
function back() { current = -1; overview(); for (const e of graph.querySelectorAll('.down,.up,.here,.main')) e.classList.remove('down', 'up', 'here', 'main'); }
graph.addEventListener('click', e => { const g = e.target.closest('.node'); if (g) go(+g.id.slice(1)); else back(); });
panel.addEventListener('click', e => { const a = e.target.closest('a[data-to]'); if (a) go(+a.dataset.to, true); });
document.addEventListener('keydown', e => {
  if (e.key === 'Escape') return back();
  if (e.key === 'Enter' && document.activeElement.classList.contains('node')) return go(+document.activeElement.id.slice(1));
  const step = {ArrowUp: k => nodes[k].inputs.map(i => i.to), ArrowDown: k => nodes[k].users}[e.key];
  if (!step || current < 0) return;
  const to = step(current);
  if (to.length) { e.preventDefault(); go(to[0], true); }
});
byId('in').onclick = () => rescale(zoom * 1.25);
byId('out').onclick = () => rescale(zoom / 1.25);
byId('fit').onclick = () => rescale(Math.min(view.clientWidth / width, view.clientHeight / height));
overview();
const asked = location.hash.match(/^#n(\d+)$/);
if (asked && +asked[1] <= last) go(+asked[1], true);
else view.scrollTop = view.scrollHeight;
)js";

}  // namespace hourglass
