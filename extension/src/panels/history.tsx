import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import {
  fastForwardIcon,
  HTMLSelect,
  InputGroup,
  ReactWidget,
  refreshIcon,
  stopIcon,
  type LabIcon
} from '@jupyterlab/ui-components';
import * as React from 'react';

import { lineageIcon } from '../icons';
import { duration, moment, told } from '../runs/format';
import { useTick } from '../runs/hooks';
import { StateIcon, stateClass, underWay, word } from '../runs/states';
import type { RunSummary } from '../schema';
import type { Source } from '../sources';
import type { RunList } from './runlist';

interface HistoryProps {
  list: RunList;
  source: Source;
  trans: TranslationBundle;
  open(runId: string): void;
  openLineage(runId: string): void;
  create(): void;
}

const FILTERS = ['running', 'completed', 'failed', 'cancelled'];
const TICK_MS = 1_000;

/** All runs, newest first, and what can be done about each. */
export class History extends ReactWidget {
  constructor(private readonly _props: HistoryProps) {
    super();
    this.addClass('tg-History');
    _props.list.changed.connect(this.update, this);
  }

  protected render(): React.ReactElement {
    return <HistoryView {...this._props} />;
  }
}

function HistoryView(props: HistoryProps): React.ReactElement {
  const { list, trans } = props;
  const { wanted } = list;
  useTick(
    list.runs.some(run => underWay(run.state)),
    TICK_MS
  );
  return (
    <>
      <div className="tg-Panel-search">
        <InputGroup
          type="search"
          aria-label={trans.__('Search runs')}
          placeholder={trans.__('Search runs')}
          rightIcon="ui-components:search"
          value={wanted.text}
          onChange={(event: React.ChangeEvent<HTMLInputElement>) =>
            (list.wanted = { ...wanted, text: event.target.value })
          }
        />
        <HTMLSelect
          aria-label={trans.__('State')}
          value={wanted.state}
          onChange={event => (list.wanted = { ...wanted, state: event.target.value })}
        >
          <option value="">{trans.__('all states')}</option>
          {FILTERS.map(state => (
            <option key={state} value={state}>
              {word(state)}
            </option>
          ))}
        </HTMLSelect>
      </div>
      {list.error && (
        <p className="tg-Panel-error" role="alert">
          {list.error}{' '}
          <button className="jp-mod-styled" onClick={() => void list.refresh()}>
            {trans.__('Try again')}
          </button>
        </p>
      )}
      <div className="tg-History-list">
        <ul aria-label={trans.__('Runs')}>
          {list.runs.map(run => (
            <Row key={run.run_id} run={run} {...props} />
          ))}
        </ul>
        {list.more && (
          <button className="jp-mod-styled tg-History-more" onClick={() => void list.readMore()}>
            {trans.__('Show older runs')}
          </button>
        )}
        {list.fetched && !list.error && !list.runs.length && <Empty {...props} />}
      </div>
    </>
  );
}

function Row(props: HistoryProps & { run: RunSummary }): React.ReactElement {
  const { run, source, trans } = props;
  const going = underWay(run.state);
  const attempt = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      Notification.error(told(error));
    }
    await props.list.refresh();
  };
  const act = (work: () => Promise<unknown>) => (): void => void attempt(work);
  const actions: Action[] = [
    { icon: stopIcon, label: trans.__('Cancel'), on: going, act: act(() => source.cancel(run.run_id)) },
    {
      icon: fastForwardIcon,
      label: trans.__('Resume'),
      on: run.orphaned || (!going && run.resumable),
      act: act(() => source.resume(run.run_id))
    },
    {
      icon: refreshIcon,
      label: trans.__('Run again'),
      on: !going,
      act: act(async () => props.open(await source.rerun(run.run_id)))
    },
    { icon: lineageIcon, label: trans.__('Lineage'), on: true, act: () => props.openLineage(run.run_id) }
  ];
  return (
    <li className={`tg-History-run ${stateClass(run.state)}`} data-run={run.run_id} data-state={run.state}>
      <button className="tg-History-open" title={tooltip(run, trans)} onClick={() => props.open(run.run_id)}>
        <StateIcon state={run.state} />
        <span className="tg-History-name">{run.workflow}</span>
        <span className="tg-History-facts">
          {[run.orphaned ? trans.__('left behind') : word(run.state), progress(run), duration(lasted_s(run)), when(run)]
            .filter(Boolean)
            .join(' · ')}
        </span>
      </button>
      <span className="tg-History-actions">
        {actions
          .filter(action => action.on)
          .map(action => (
            <ActionButton key={action.label} {...action} of={run.workflow} />
          ))}
      </span>
    </li>
  );
}

interface Action {
  icon: LabIcon;
  label: string;
  on: boolean;
  act(): void;
}

function ActionButton({ icon, label, act, of }: Action & { of: string }): React.ReactElement {
  return (
    <button className="tg-History-action" title={label} aria-label={`${label}: ${of}`} onClick={act}>
      <icon.react tag="span" />
    </button>
  );
}

function Empty({ list, trans, create }: HistoryProps): React.ReactElement {
  if (list.wanted.text || list.wanted.state) {
    return <p className="tg-Panel-empty">{trans.__('No run is like that.')}</p>;
  }
  return (
    <div className="tg-Panel-empty">
      <p>
        {trans.__('Nothing was run yet. Draw a workflow and press Run, or run a notebook with %%%%twingraph cells.')}
      </p>
      <button className="jp-mod-styled jp-mod-accept" onClick={create}>
        {trans.__('New canvas')}
      </button>
    </div>
  );
}

/** Seconds in which somebody drove the run; of one that goes on, until now. */
function lasted_s(run: RunSummary): number {
  return underWay(run.state) && !run.orphaned && run.started
    ? Math.max(run.active_s, (Date.now() - Date.parse(run.started)) / 1000)
    : run.active_s;
}

function progress(run: RunSummary): string {
  const done = (run.counts.completed ?? 0) + (run.counts.cached ?? 0);
  return underWay(run.state) || run.state === 'failed' ? `${done}/${run.nodes}` : '';
}

function when(run: RunSummary): string {
  const time = new Date(run.requested);
  const today = time.toDateString() === new Date().toDateString();
  return today
    ? time.toLocaleTimeString(undefined, { timeStyle: 'short' })
    : time.toLocaleDateString(undefined, { dateStyle: 'medium' });
}

function tooltip(run: RunSummary, trans: TranslationBundle): string {
  return [
    run.workflow,
    run.run_id,
    trans.__('asked for %1', moment(run.requested)),
    run.source && trans.__('from %1', run.source),
    run.error
  ]
    .filter(Boolean)
    .join('\n');
}
