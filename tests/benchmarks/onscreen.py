"""JavaScript that measures a canvas in its page: milliseconds until something has been painted."""

from __future__ import annotations

from tests.browser.hands import PANEL

PLACE = """
const place = () => {
  const element = document.createElement('div');
  Object.assign(element.style, { position: 'fixed', inset: '40px', zIndex: 9999, background: 'white' });
  document.body.append(element);
  return element;
};
const painted = cy => new Promise(done => cy.one('render', () => done(performance.now())));
"""

CANVAS = f"""
{PLACE}
const open = {PANEL}, real = open.host, Signal = real.frames.constructor;
const bare = () => {{
  const host = {{
    elements: real.elements, faults: [], title: 'measured', readOnly: false, catalog: [], frame: null, editors: null,
    isDisposed: false, dispose() {{}}, edit: async () => null, ask: async () => null
  }};
  for (const name of ['deltas', 'frames', 'reset', 'changed']) host[name] = new Signal(host);
  return host;
}};
const canvas = () => {{
  const element = place();
  const panel = new open.constructor(bare());
  Object.assign(panel.node.style, {{ width: '100%', height: '100%' }});
  element.append(panel.node);
  panel.appear();
  return panel;
}};
const plain = () => {{
  const definitions = real.elements.map(({{ group, data, position }}) => ({{
    group,
    data: group === 'nodes' ? {{ id: data.id }} : {{ id: data.id, source: data.source, target: data.target }},
    ...(position ? {{ position: {{ x: position[0], y: position[1] }} }} : {{}})
  }}));
  return new open.cy.constructor({{
    container: place(),
    elements: definitions,
    layout: {{ name: 'preset', fit: true }},
    style: [
      {{ selector: 'node', style: {{ label: 'data(id)' }} }},
      {{ selector: '.done', style: {{ 'background-color': 'green' }} }}
    ]
  }});
}};
const end = (cy, owner) => {{
  const element = cy.container().closest('[style*="9999"]');
  owner ? owner.dispose() : cy.destroy();
  element.remove();
}};
"""

FIRST_RENDER = f"""async () => {{
  {CANVAS}
  const ours = [], theirs = [];
  for (let turn = 0; turn < 3; turn++) {{
    let began = performance.now();
    const cy = plain();
    theirs.push((await painted(cy)) - began);
    end(cy);
    began = performance.now();
    const panel = canvas();
    ours.push((await painted(panel.cy)) - began);
    end(panel.cy, panel);
  }}
  return [ours, theirs];
}}"""
"""Our own and plain cytoscape's times, from elements in memory to the first picture of the same graph."""

STATES = f"""async () => {{
  {CANVAS}
  const told = (nodes, done) => ({{
    run_id: 'run', seq: 1, state: 'running', done, total: nodes.length, error: '', values: {{}},
    nodes: Object.fromEntries(nodes.map(id => [id, {{
      state: done ? 'completed' : 'running', attempt: 1, note: done ? '0.1 s' : '', fraction: null, error: ''
    }}]))
  }});
  const panel = canvas(), ids = panel.cy.nodes().map(node => node.id()).slice(0, 500);
  await painted(panel.cy);
  const other = plain();
  await painted(other);
  const ours = [], theirs = [];
  for (let turn = 0; turn < 5; turn++) {{
    await new Promise(done => setTimeout(done, 300));
    let began = performance.now();
    other.batch(() => ids.forEach(id => other.getElementById(id).toggleClass('done')));
    theirs.push((await painted(other)) - began);
    await new Promise(done => setTimeout(done, 300));
    began = performance.now();
    panel.host.frames.emit(told(ids, turn % 2));
    ours.push((await painted(panel.cy)) - began);
  }}
  let drawn = 0;
  const {{ progress }} = panel.sheet.drawing;
  panel.sheet.drawing.progress = function (...given) {{ drawn++; return progress.apply(this, given); }};
  const began = performance.now();
  let sent = 0;
  while (performance.now() - began < 3000) {{
    panel.host.frames.emit(told([ids[sent++ % 500]], sent % 2));
    await new Promise(done => setTimeout(done, 2));
  }}
  const seconds = (performance.now() - began) / 1000;
  end(panel.cy, panel);
  end(other);
  return {{ ours, theirs, sent: sent / seconds, drawn: drawn / seconds }};
}}"""
"""Times of 500 changes of state until they are painted, and how many of how many frames a second are drawn."""

WATCH = f"""() => {{
  const {{ cy, sheet: {{ drawing }} }} = {PANEL};
  const {{ progress }} = drawing;
  window.seen = [];
  let fresh = [];
  drawing.progress = function (nodes, values) {{
    fresh.push(...Object.entries(nodes).map(([id, status]) => [id, status.state]));
    return progress.call(this, nodes, values);
  }};
  cy.on('render', () => {{
    window.seen.push(...fresh.map(each => [...each, Date.now()]));
    fresh = [];
  }});
}}"""
"""Has the open canvas note in `window.seen` which states of nodes it painted when, in milliseconds since 1970."""
