import { ToolbarButtonComponent, addIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { Bar, Lane, TimelineView } from '../schema';
import { count, duration } from './format';
import type { LiveRun } from './live';
import { Bars, BarPatterns, Marks } from './bars';
import { useFetched } from './hooks';
import { Rows } from './rows';
import { panned, type Scale, zoomed } from './scale';
import { StateIcon, word } from './states';

const ROW_HEIGHT = 24;
const LABEL_WIDTH = 190;
const SCROLLBAR = 16;
const CLOSER = 0.6;

interface TimelineProps {
  live: LiveRun;
  visible: boolean;
  selected: string;
  onSelect(node: string): void;
}

/** When the nodes ran: a row of bars for each. */
export function Timeline({ live, visible, selected, onSelect }: TimelineProps): React.ReactElement {
  const box = React.useRef<HTMLDivElement>(null);
  const [width, setWidth] = React.useState(600);
  const [window_s, setWindow] = React.useState<[number, number] | null>(null);
  const [criticalOnly, setCriticalOnly] = React.useState(false);
  const [hover, setHover] = React.useState<Hover | null>(null);
  const patterns = React.useId();
  const { value: view, error } = useFetched(() => live.source.timeline(live.runId), [live], live.readings, visible);

  React.useLayoutEffect(() => {
    const node = box.current as HTMLDivElement;
    const observer = new ResizeObserver(() => setWidth(Math.max(100, node.clientWidth - LABEL_WIDTH - SCROLLBAR)));
    observer.observe(node);
    return () => observer.disconnect();
  }, []);

  const all_s = Math.max(0.001, view ? (live.underWay ? Math.max(view.active_s, live.active_s) : view.active_s) : 1);
  const [start_s, end_s] = window_s ?? [0, all_s];
  const scale: Scale = { start_s, end_s, width };
  const show = (next: Scale): void => {
    const everything = next.start_s <= 0 && next.end_s >= all_s;
    setWindow(everything ? null : [next.start_s, next.end_s]);
  };
  const zoom = (factor: number, at = width / 2): void => show(zoomed(scale, factor, at, all_s));

  // React listens to wheels passively: what the browser would do could not be kept from happening
  const turned = React.useRef<(event: WheelEvent) => void>();
  turned.current = event => {
    const sideways = event.shiftKey ? event.deltaY : event.deltaX;
    if (event.ctrlKey || event.metaKey) {
      const left = (box.current as HTMLDivElement).getBoundingClientRect().left + LABEL_WIDTH;
      zoom(event.deltaY < 0 ? CLOSER : 1 / CLOSER, Math.max(0, Math.min(width, event.clientX - left)));
      event.preventDefault();
    } else if (sideways) {
      show(panned(scale, sideways, all_s));
      event.preventDefault();
    }
  };
  React.useEffect(() => {
    const node = box.current as HTMLDivElement;
    const listener = (event: WheelEvent): void => turned.current?.(event);
    node.addEventListener('wheel', listener, { passive: false });
    return () => node.removeEventListener('wheel', listener);
  }, []);

  const key = (event: React.KeyboardEvent): void => {
    const acts: Record<string, () => void> = {
      '+': () => zoom(CLOSER),
      '=': () => zoom(CLOSER),
      '-': () => zoom(1 / CLOSER),
      '0': () => setWindow(null),
      ArrowLeft: () => show(panned(scale, -width / 8, all_s)),
      ArrowRight: () => show(panned(scale, width / 8, all_s))
    };
    if (acts[event.key] && event.target instanceof HTMLElement && event.target.getAttribute('role') === 'listbox') {
      acts[event.key]();
      event.preventDefault();
    }
  };

  const lanes = React.useMemo(() => ordered(view?.lanes ?? [], criticalOnly), [view, criticalOnly]);
  const lane = lanes.find(known => known.id === selected);
  return (
    <div className="tg-pane tg-Timeline" ref={box} onKeyDown={key}>
      <div className="tg-bar">
        <label className="tg-check" title="The nodes that the run took its time for: each waited for the one before">
          <input type="checkbox" checked={criticalOnly} onChange={event => setCriticalOnly(event.target.checked)} />
          Critical path only
        </label>
        <Legend />
        <span className="tg-spacer" />
        <ToolbarButtonComponent
          icon={addIcon}
          tooltip="Zoom in (+, Ctrl with the wheel)"
          onClick={() => zoom(CLOSER)}
        />
        <button className="tg-bare tg-zoom" title="Zoom out (-)" aria-label="Zoom out" onClick={() => zoom(1 / CLOSER)}>
          −
        </button>
        <button className="tg-bare" title="The whole run (0)" disabled={!window_s} onClick={() => setWindow(null)}>
          Fit
        </button>
      </div>
      {error && <p className="tg-notice">{error}</p>}
      {lanes.some(known => known.bars.length) ? (
        <>
          <BarPatterns id={patterns} />
          <Marks scale={scale} left={LABEL_WIDTH} />
          <Rows
            role="listbox"
            label="Timeline: nodes with their bars"
            count={lanes.length}
            height={ROW_HEIGHT}
            active={lanes.findIndex(known => known.id === selected)}
            onActive={index => onSelect(lanes[index].id)}
            row={index => (
              <LaneRow
                lane={lanes[index]}
                scale={scale}
                patterns={patterns}
                now_s={live.underWay ? all_s : null}
                onHover={setHover}
              />
            )}
          />
          <p className="tg-quiet tg-Timeline-told" role="status">
            {lane ? `${lane.id}: ${toldOf(lane)}` : 'Select a node to read its times here.'}
          </p>
        </>
      ) : (
        <p className="tg-empty">{empty(view, criticalOnly)}</p>
      )}
      {hover && (
        <div className="tg-tip" role="tooltip" style={{ left: hover.x + 12, top: hover.y + 14 }}>
          <strong>{hover.lane.id}</strong>
          <br />
          {barTold(hover.bar)}
        </div>
      )}
    </div>
  );
}

export interface Hover {
  lane: Lane;
  bar: Bar;
  x: number;
  y: number;
}

interface LaneRowProps {
  lane: Lane;
  scale: Scale;
  patterns: string;
  now_s: number | null;
  onHover(hover: Hover | null): void;
}

function LaneRow({ lane, scale, patterns, now_s, onHover }: LaneRowProps): React.ReactElement {
  return (
    <div className={`tg-Lane ${lane.critical ? 'tg-mod-critical' : ''}`} aria-label={`${lane.id}: ${toldOf(lane)}`}>
      <span className="tg-Lane-name" style={{ width: LABEL_WIDTH }} title={lane.id}>
        <StateIcon state={lane.bars.some(bar => bar.kind === 'cached') ? 'cached' : lane.state} />
        <span className="tg-ellipsis">{lane.id}</span>
      </span>
      <Bars lane={lane} scale={scale} height={ROW_HEIGHT} patterns={patterns} now_s={now_s} onHover={onHover} />
    </div>
  );
}

function Legend(): React.ReactElement {
  return (
    <span className="tg-quiet tg-Legend" aria-hidden="true">
      {['waiting', 'running', 'completed', 'retried', 'failed', 'cached'].map(kind => (
        <span key={kind}>
          <i className={`tg-swatch tg-swatch-${kind}`} /> {kind}
        </span>
      ))}
    </span>
  );
}

/** By when they began to wait or run; those that didn't come last, in the document's order. */
function ordered(lanes: readonly Lane[], criticalOnly: boolean): Lane[] {
  const begun = (lane: Lane): number => Math.min(...lane.bars.map(bar => bar.start_s));
  return lanes
    .filter(lane => !criticalOnly || lane.critical)
    .map(lane => ({ lane, begun_s: begun(lane) }))
    .sort((a, b) => (a.begun_s === b.begun_s ? 0 : a.begun_s - b.begun_s))
    .map(({ lane }) => lane);
}

function barTold(bar: Bar): string {
  const span = duration(bar.end_s - bar.start_s);
  const from = `from ${duration(bar.start_s)}`;
  switch (bar.kind) {
    case 'waiting':
      return `waited ${span}, ${from}`;
    case 'cached':
      return `taken from the cache at ${duration(bar.start_s)}`;
    case 'attempt':
      return `attempt ${bar.attempt}: ${bar.ending}, ${span}, ${from}`;
  }
}

function toldOf(lane: Lane): string {
  const bars = lane.bars.map(barTold).join('; ') || word(lane.state);
  return lane.critical ? `${bars}; on the critical path` : bars;
}

function empty(view: TimelineView | null, criticalOnly: boolean): string {
  if (!view) {
    return 'Reading the timeline…';
  }
  return criticalOnly
    ? 'No node has ended yet: there is no critical path.'
    : `Nothing has begun: ${count(view.lanes.length, 'node')} will have bars here as soon as they start.`;
}
