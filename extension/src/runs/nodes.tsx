import { caretDownEmptyThinIcon, caretUpEmptyThinIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { count, duration } from './format';
import { type LiveNode, type LiveRun, look, taken_s } from './live';
import { Rows } from './rows';
import { STATES, StateIcon, stateClass, word } from './states';

const ROW_HEIGHT = 26;

type Column = 'state' | 'name' | 'duration';

/** By what the rows are sorted; null is the document's order. */
type Order = { column: Column; down: boolean } | null;

const VALUES: Record<Column, (node: LiveNode) => number | string> = {
  state: node => STATES.indexOf(look(node) as (typeof STATES)[number]),
  name: node => node.id,
  duration: taken_s
};

interface NodeListProps {
  live: LiveRun;
  selected: string;
  onSelect(node: string): void;
}

/** The run's nodes as they are now: filtered, sorted, and only as many in the page as can be seen. */
export function NodeList({ live, selected, onSelect }: NodeListProps): React.ReactElement {
  const [text, setText] = React.useState('');
  const [state, setState] = React.useState('');
  const [order, setOrder] = React.useState<Order>(null);
  const all = live.nodes;
  const shown = sorted(
    all.filter(node => (!state || look(node) === state) && node.id.toLowerCase().includes(text.toLowerCase())),
    order
  );
  const present = STATES.filter(known => all.some(node => look(node) === known) || known === state);
  const turn = (column: Column): void =>
    setOrder(order?.column !== column ? { column, down: column === 'duration' } : turned(order));
  return (
    <div className="tg-pane">
      <div className="tg-bar">
        <input
          type="search"
          className="jp-mod-styled tg-search"
          placeholder="Filter nodes by name"
          aria-label="Filter nodes by name"
          value={text}
          onChange={event => setText(event.target.value)}
        />
        <select className="tg-select" aria-label="State" value={state} onChange={event => setState(event.target.value)}>
          <option value="">all states</option>
          {present.map(known => (
            <option key={known} value={known}>
              {word(known)}
            </option>
          ))}
        </select>
        <span className="tg-quiet" role="status">
          {shown.length === all.length
            ? count(all.length, 'node')
            : `${shown.length.toLocaleString('en')} of ${count(all.length, 'node')}`}
        </span>
      </div>
      <div className="tg-NodeRow tg-heads" role="group" aria-label="Sort by">
        <Head column="state" label="State" order={order} onTurn={turn} />
        <Head column="name" label="Node" order={order} onTurn={turn} />
        <span />
        <Head column="duration" label="Time" order={order} onTurn={turn} />
      </div>
      {shown.length ? (
        <Rows
          role="listbox"
          label={`Nodes of ${live.detail?.workflow ?? 'the run'}`}
          count={shown.length}
          height={ROW_HEIGHT}
          active={shown.findIndex(node => node.id === selected)}
          onActive={index => onSelect(shown[index].id)}
          row={index => <NodeRow node={shown[index]} />}
        />
      ) : (
        <p className="tg-empty">
          {all.length ? 'No node is like that: change the filter.' : 'The run has no nodes yet.'}
        </p>
      )}
    </div>
  );
}

function NodeRow({ node }: { node: LiveNode }): React.ReactElement {
  const state = look(node);
  const seconds = taken_s(node);
  const attempt = node.attempt > 1 ? `attempt ${node.attempt}` : '';
  const said = node.state === 'running' ? node.note : ''; // afterwards it says the time, which has its column
  const note = node.error || [said, attempt].filter(Boolean).join(' · ');
  return (
    <div className={`tg-NodeRow ${stateClass(state)}`}>
      <span className="tg-State">
        <StateIcon state={state} />
        {word(state)}
      </span>
      <span className="tg-NodeRow-name" title={node.id}>
        {node.id}
      </span>
      <span className={node.error ? 'tg-NodeRow-note tg-wrong' : 'tg-NodeRow-note'} title={note}>
        {node.state === 'running' && node.fraction !== null && (
          <progress className="tg-NodeRow-progress" max={1} value={node.fraction} aria-label="progress" />
        )}
        {note}
      </span>
      <span className="tg-number">{seconds > 0 ? duration(seconds) : ''}</span>
    </div>
  );
}

interface HeadProps {
  column: Column;
  label: string;
  order: Order;
  onTurn(column: Column): void;
}

function Head({ column, label, order, onTurn }: HeadProps): React.ReactElement {
  const active = order?.column === column;
  const spoken = active ? (order.down ? ', descending' : ', ascending') : '';
  return (
    <button className="tg-Head" aria-pressed={active} aria-label={`${label}${spoken}`} onClick={() => onTurn(column)}>
      {label}
      {active && (order.down ? <caretDownEmptyThinIcon.react tag="span" /> : <caretUpEmptyThinIcon.react tag="span" />)}
    </button>
  );
}

/** The other way round, and after that as in the document. */
function turned(order: NonNullable<Order>): Order {
  const first = order.column === 'duration';
  return order.down === first ? { ...order, down: !first } : null;
}

function sorted(nodes: LiveNode[], order: Order): LiveNode[] {
  if (!order) {
    return nodes;
  }
  const value = VALUES[order.column];
  const sign = order.down ? -1 : 1;
  return nodes
    .map(node => ({ node, by: value(node) }))
    .sort((a, b) => sign * compared(a.by, b.by))
    .map(({ node }) => node);
}

function compared(a: number | string, b: number | string): number {
  return typeof a === 'number' && typeof b === 'number'
    ? a - b
    : String(a).localeCompare(String(b), undefined, { numeric: true });
}
