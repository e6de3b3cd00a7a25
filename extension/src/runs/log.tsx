import { copyIcon, ToolbarButtonComponent } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { LogLine } from '../schema';
import { LogFeed, type Wanted } from './feed';
import { clock, count } from './format';
import type { LiveRun } from './live';
import { copied, Found, parts, plain, tint } from './logtext';
import { Rows } from './rows';

const ROW_HEIGHT = 18;
const LEVELS = ['debug', 'info', 'warning', 'error'];

interface LogProps {
  live: LiveRun;
  /** Whether somebody sees it. */
  visible: boolean;
  /** Show this node's lines alone, without a choice. */
  only?: string;
}

/** The log while it is written: filter, search, follow, copy. */
export function Log({ live, visible, only = '' }: LogProps): React.ReactElement {
  const [wanted, setWanted] = React.useState<Wanted>({ node: only, level: '' });
  const [text, setText] = React.useState('');
  const [follow, setFollow] = React.useState(true);
  const feed = useFeed(live, wanted, visible);
  const found = React.useMemo(() => new Found(text), [text, feed]);
  if (!feed) {
    return <p className="tg-empty">Reading the log…</p>;
  }
  const { lines } = feed;
  const indices = text ? found.in(lines, feed.dropped) : null;
  const shown = indices ? indices.length : lines.length;
  const line = (index: number): LogLine => lines[indices ? indices[index] : index];
  const copy = (): void => {
    const all = Array.from({ length: shown }, (_, index) => copied(line(index)));
    void navigator.clipboard.writeText(all.join('\n'));
  };
  return (
    <div className="tg-pane">
      <div className="tg-bar">
        <input
          type="search"
          className="jp-mod-styled tg-search"
          placeholder="Search the log"
          aria-label="Search the log"
          value={text}
          onChange={event => setText(event.target.value)}
        />
        {!only && (
          <select
            className="tg-select"
            aria-label="Node"
            value={wanted.node}
            onChange={event => setWanted({ ...wanted, node: event.target.value })}
          >
            <option value="">all nodes</option>
            {live.nodes.map(node => (
              <option key={node.id}>{node.id}</option>
            ))}
          </select>
        )}
        <select
          className="tg-select"
          aria-label="Least level"
          value={wanted.level}
          onChange={event => setWanted({ ...wanted, level: event.target.value })}
        >
          <option value="">all levels</option>
          {LEVELS.map(level => (
            <option key={level}>{level}</option>
          ))}
        </select>
        <label className="tg-check">
          <input type="checkbox" checked={follow} onChange={event => setFollow(event.target.checked)} /> Follow
        </label>
        <span className="tg-spacer" />
        <span className="tg-quiet">{told(feed, shown, indices !== null)}</span>
        <ToolbarButtonComponent icon={copyIcon} tooltip="Copy the lines shown" onClick={copy} enabled={shown > 0} />
      </div>
      {feed.error && (
        <p className="tg-notice" role="status">
          The log can't be read just now ({feed.error}). Trying again…
        </p>
      )}
      {shown ? (
        <Rows
          role="log"
          label={only ? `Log of ${only}` : 'Log of the run'}
          className="tg-Log"
          count={shown}
          height={ROW_HEIGHT}
          follow={follow}
          onFollow={setFollow}
          row={index => <Line line={line(index)} sought={text} named={!only} />}
        />
      ) : (
        <p className="tg-empty">{hint(feed, live, text)}</p>
      )}
    </div>
  );
}

/** A feed of what is wanted, and a rendering whenever it has more. */
function useFeed(live: LiveRun, { node, level }: Wanted, visible: boolean): LogFeed | null {
  const [feed, setFeed] = React.useState<LogFeed | null>(null);
  const [, again] = React.useReducer((n: number) => n + 1, 0);
  React.useEffect(() => {
    const made = new LogFeed(live, { node, level });
    made.changed.connect(again);
    setFeed(made);
    return () => made.dispose();
  }, [live, node, level]);
  React.useEffect(() => {
    if (feed) {
      feed.paused = !visible;
    }
  }, [feed, visible]);
  return feed;
}

function Line({ line, sought, named }: { line: LogLine; sought: string; named: boolean }): React.ReactElement {
  const level = line.level.toLowerCase();
  return (
    <div className={`tg-Line tg-level-${/^[a-z]+$/.test(level) ? level : 'none'} tg-stream-${line.stream}`}>
      <span className="tg-Line-time">{clock(line.time)}</span>
      {named && (
        <span className={`tg-Line-node tg-tint-${tint(line.node)}`} title={line.node}>
          {line.node}
        </span>
      )}
      {line.level && <span className="tg-Line-level">{line.level}</span>}
      <span>
        {parts(plain(line.text), sought).map((part, index) =>
          index % 2 ? <mark key={index}>{part}</mark> : <React.Fragment key={index}>{part}</React.Fragment>
        )}
      </span>
    </div>
  );
}

function told(feed: LogFeed, shown: number, searched: boolean): string {
  const found = searched ? `${shown.toLocaleString('en')} of ` : '';
  const kept = feed.dropped ? `; the ${feed.dropped.toLocaleString('en')} before are not kept here` : '';
  return `${found}${count(feed.lines.length, 'line')}${kept}`;
}

function hint(feed: LogFeed, live: LiveRun, sought: string): string {
  if (!feed.read) {
    return 'Reading the log…';
  }
  if (sought && feed.lines.length) {
    return 'No line has that: search for something else.';
  }
  if (feed.wanted.level) {
    return 'Nothing of that level: choose a lower one.';
  }
  return live.underWay
    ? 'Nothing yet: what nodes print appears here while they run.'
    : 'Nothing was written. What a node prints or logs appears here.';
}
