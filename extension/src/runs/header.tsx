import {
  type LabIcon,
  closeIcon,
  fastForwardIcon,
  refreshIcon,
  stopIcon,
  ToolbarButtonComponent
} from '@jupyterlab/ui-components';
import * as React from 'react';

import { CONNECTIONS } from '../sources';
import { count, duration, moment, told } from './format';
import type { LiveRun } from './live';
import { State, STATES, StateIcon, stateClass, underWay, word } from './states';

interface HeaderProps {
  live: LiveRun;
  /** The same was run again, as this run. */
  onRerun(runId: string): void;
}

/** What the run is, how it is doing, and what can be done about it. */
export function Header({ live, onRerun }: HeaderProps): React.ReactElement {
  const { source, runId, detail } = live;
  const [busy, setBusy] = React.useState(false);
  const [refusal, setRefusal] = React.useState('');
  const act = async (work: () => Promise<void>): Promise<void> => {
    setBusy(true);
    setRefusal('');
    try {
      await work();
      await live.read();
    } catch (error) {
      setRefusal(told(error));
    }
    setBusy(false);
  };
  if (!detail) {
    return <Unread live={live} />;
  }
  const going = underWay(detail.state);
  const actions: Action[] = [
    { icon: stopIcon, label: 'Cancel', on: going, work: () => source.cancel(runId) },
    {
      icon: fastForwardIcon,
      label: 'Resume',
      on: detail.orphaned || (!going && detail.resumable),
      work: () => source.resume(runId)
    },
    { icon: refreshIcon, label: 'Run again', on: !going, work: async () => onRerun(await source.rerun(runId)) }
  ];
  const notice = CONNECTIONS[live.connection];
  return (
    <div className="tg-RunHeader">
      <div className="tg-RunHeader-line">
        <span role="status">
          <State state={detail.state} />
        </span>
        <h2 className="tg-RunHeader-name" title={detail.workflow}>
          {detail.workflow}
        </h2>
        <span className="tg-RunHeader-fact" title={`Requested ${moment(detail.requested)}\n${runId}`}>
          {runId.slice(0, 8)}
        </span>
        <span className="tg-RunHeader-fact tg-number" aria-label={`took ${duration(live.active_s)}`}>
          {duration(live.active_s)}
        </span>
        {detail.orphaned && (
          <span className="tg-notice" title="Whoever drove it is gone. Resume goes on where it stopped.">
            nobody drives it
          </span>
        )}
        {notice && (
          <span className="tg-notice" role="status">
            {notice}
          </span>
        )}
        <span className="tg-spacer" />
        {actions.map(action => (
          <ToolbarButtonComponent
            key={action.label}
            icon={action.icon}
            label={action.label}
            tooltip={`${action.label}: ${detail.workflow}`}
            enabled={action.on && !busy}
            onClick={() => void act(action.work)}
          />
        ))}
      </div>
      <Progress live={live} />
      {refusal && <Refused text={refusal} onClose={() => setRefusal('')} />}
      {detail.error && !refusal && <p className="tg-RunHeader-error">{detail.error}</p>}
    </div>
  );
}

interface Action {
  icon: LabIcon;
  label: string;
  on: boolean;
  work(): Promise<void>;
}

function Unread({ live }: { live: LiveRun }): React.ReactElement {
  if (live.nodes.length) {
    return (
      <div className="tg-RunHeader">
        <div className="tg-RunHeader-line" role="status">
          <State state={live.state} />
          <span className="tg-quiet">{live.error || 'The kernel is busy: more is shown when it answers.'}</span>
        </div>
        <Progress live={live} />
      </div>
    );
  }
  return (
    <div className="tg-RunHeader tg-empty" role={live.error ? 'alert' : 'status'}>
      {live.error ? (
        <>
          <p>{live.error}</p>
          <button className="jp-mod-styled jp-mod-minimal" onClick={() => void live.read()}>
            Try again
          </button>
        </>
      ) : (
        'Reading the run…'
      )}
    </div>
  );
}

function Refused({ text, onClose }: { text: string; onClose(): void }): React.ReactElement {
  return (
    <div className="tg-refusal" role="alert">
      <span>{text}</span>
      <button className="tg-bare" aria-label="Close this message" onClick={onClose}>
        <closeIcon.react tag="span" />
      </button>
    </div>
  );
}

/** One bar, divided by state, and what its parts are. */
function Progress({ live }: { live: LiveRun }): React.ReactElement {
  const counts = live.counts();
  const total = live.nodes.length;
  const settled =
    total - ['pending', 'dispatched', 'running'].reduce((sum, state) => sum + (counts.get(state) ?? 0), 0);
  const present = STATES.filter(state => counts.has(state));
  return (
    <div className="tg-Progress">
      <div
        className="tg-Progress-bar"
        role="progressbar"
        aria-valuemin={0}
        aria-valuemax={total}
        aria-valuenow={settled}
        aria-label={`${settled} of ${count(total, 'node')} done`}
      >
        {[...present].sort(settledFirst).map(state => (
          <span
            key={state}
            className={`tg-Progress-part ${stateClass(state)}`}
            style={{ flexGrow: counts.get(state) }}
            title={`${counts.get(state)} ${word(state)}`}
          />
        ))}
      </div>
      <ul className="tg-Progress-counts">
        {present.map(state => (
          <li key={state} className={stateClass(state)}>
            <StateIcon state={state} />
            {counts.get(state)} {word(state)}
          </li>
        ))}
      </ul>
    </div>
  );
}

const BAR = ['completed', 'cached', 'failed', 'uncertain', 'cancelled', 'skipped', 'running', 'dispatched', 'pending'];

function settledFirst(a: string, b: string): number {
  return BAR.indexOf(a) - BAR.indexOf(b);
}
