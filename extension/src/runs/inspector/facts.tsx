import * as React from 'react';

import type { Attempt, Failure, NodeDetail } from '../../schema';
import { duration, moment, size } from '../format';
import { StateIcon, stateClass } from '../states';
import { Copied } from './code';

/** Names with values. */
export function Facts({ facts }: { facts: readonly (readonly [string, string])[] }): React.ReactElement {
  return (
    <dl className="tg-Facts">
      {facts
        .filter(([, value]) => value)
        .map(([name, value]) => (
          <React.Fragment key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </React.Fragment>
        ))}
    </dl>
  );
}

/** What the node used. */
export function Used({ node }: { node: NodeDetail }): React.ReactElement {
  const { wall_s, cpu_s, peak_memory_bytes } = node.metrics;
  const busy = wall_s > 0 && cpu_s > 0 ? ` (${Math.round((100 * cpu_s) / wall_s)} % of the time)` : '';
  return (
    <Facts
      facts={[
        ['wall time', wall_s ? duration(wall_s) : ''],
        ['processor time', cpu_s ? duration(cpu_s) + busy : ''],
        ['peak memory', peak_memory_bytes ? size(peak_memory_bytes) : ''],
        ['attempts', String(node.attempts.length || node.attempt)],
        ['started', moment(node.started)],
        ['finished', moment(node.finished)],
        ['platform', node.platform],
        ['worker', node.worker],
        ['taken from', node.cached_from]
      ]}
    />
  );
}

/** Why it failed. */
export function Wrong({ failure }: { failure: Failure }): React.ReactElement {
  const said = [failure.type, failure.message].filter(Boolean).join(': ');
  return (
    <div className="tg-Wrong">
      <p>
        <strong>{failure.type}</strong>
        {failure.message && `: ${failure.message}`}
      </p>
      {failure.kind !== 'error' && <p className="tg-quiet">{KINDS[failure.kind]}</p>}
      {failure.traceback && (
        <Copied text={failure.traceback || said} label="Copy the traceback">
          <pre className="tg-Text tg-Traceback" tabIndex={0} aria-label="Traceback">
            {failure.traceback}
          </pre>
        </Copied>
      )}
    </div>
  );
}

const KINDS: Record<Failure['kind'], string> = {
  error: '',
  timeout: 'It took longer than its timeout: give it more time, or less to do.',
  crashed: 'Its process died without saying why; often there was too little memory.',
  lost: 'Its worker was lost. Resume the run to go on.',
  serialization: 'What it gave could not be stored.',
  input: 'An input did not fit.',
  platform: 'The platform could not run it.',
  cancelled: 'It was stopped.'
};

/** What was tried, one after the other. */
export function Attempts({ attempts }: { attempts: readonly Attempt[] }): React.ReactElement {
  return (
    <ol className="tg-Attempts">
      {attempts.map(attempt => (
        <li key={attempt.number} value={attempt.number}>
          <span className={`tg-State ${stateClass(signOf(attempt))}`}>
            <StateIcon state={signOf(attempt)} />
            {attempt.ending}
          </span>
          <span className="tg-quiet">
            {[attempt.ended && duration(span_s(attempt)), attempt.worker, moment(attempt.started)]
              .filter(Boolean)
              .join(' · ')}
          </span>
          {attempt.failure && (
            <details>
              <summary>{[attempt.failure.type, attempt.failure.message].filter(Boolean).join(': ')}</summary>
              <Wrong failure={attempt.failure} />
            </details>
          )}
        </li>
      ))}
    </ol>
  );
}

function signOf(attempt: Attempt): string {
  return { retried: 'failed', lost: 'uncertain' }[attempt.ending] ?? attempt.ending;
}

function span_s(attempt: Attempt): number {
  return Math.max(0, (Date.parse(attempt.ended ?? attempt.started) - Date.parse(attempt.started)) / 1000);
}
