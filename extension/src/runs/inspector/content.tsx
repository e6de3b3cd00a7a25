import { refreshIcon, ToolbarButtonComponent } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { Given, NodeDetail } from '../../schema';
import { duration, told } from '../format';
import { useFetched } from '../hooks';
import { type LiveNode, type LiveRun, look, taken_s } from '../live';
import { Log } from '../log';
import { State } from '../states';
import { Code } from './code';
import { Attempts, Facts, Used, Wrong } from './facts';
import { Section } from './section';
import { Tree } from './tree';
import { Value } from './value';

/** States of a node whose inputs were there. */
const RAN: ReadonlySet<string> = new Set(['completed', 'failed', 'cancelled', 'uncertain']);

const MOVING: ReadonlySet<string> = new Set(['pending', 'dispatched', 'running']);

interface ContentProps {
  live: LiveRun;
  id: string;
  visible: boolean;
  /** Look at another node. */
  onNode(id: string): void;
  /** The node runs again, in this run. */
  onReplay(runId: string): void;
}

/** All that is known of a node in a run, up to date while it runs. */
export function Content({ live, id, visible, onNode, onReplay }: ContentProps): React.ReactElement {
  const now = live.node(id);
  const revision = now && !MOVING.has(now.state) ? `${now.state} ${now.attempt} ${now.finished}` : live.readings;
  const { value: node, error } = useFetched(() => live.source.node(live.runId, id), [live, id], revision, visible);
  return (
    <>
      <Head id={id} now={now ?? node ?? undefined}>
        {now && RAN.has(now.state) && <Replay live={live} id={id} onReplay={onReplay} />}
      </Head>
      {node ? (
        <Sections live={live} node={node} visible={visible} onNode={onNode} />
      ) : (
        <p className="tg-empty" role={error ? 'alert' : 'status'}>
          {error || 'Reading the node…'}
        </p>
      )}
    </>
  );
}

interface HeadProps {
  id: string;
  now?: LiveNode | NodeDetail;
  children: React.ReactNode;
}

function Head({ id, now, children }: HeadProps): React.ReactElement {
  const facts = now && [
    taken_s(now) ? duration(taken_s(now)) : '',
    now.attempt > 1 ? `attempt ${now.attempt}` : '',
    now.platform && now.platform !== 'local' ? now.platform : ''
  ];
  return (
    <header className="tg-Inspector-head">
      <h2 title={id}>{id}</h2>
      {now && (
        <div>
          <State state={look(now)} />
          <span className="tg-quiet">{facts?.filter(Boolean).join(' · ')}</span>
          <span className="tg-spacer" />
          {children}
        </div>
      )}
      {now && 'fraction' in now && now.state === 'running' && (now.fraction !== null || now.note) && (
        <div className="tg-Inspector-progress">
          {now.fraction !== null && <progress max={1} value={now.fraction} aria-label={`Progress of ${id}`} />}
          <span className="tg-quiet">{now.note}</span>
        </div>
      )}
    </header>
  );
}

/** Runs the node again with the inputs that it had. */
function Replay({ live, id, onReplay }: Omit<ContentProps, 'visible' | 'onNode'>): React.ReactElement {
  const [busy, setBusy] = React.useState(false);
  const [refusal, setRefusal] = React.useState('');
  const replay = async (): Promise<void> => {
    setBusy(true);
    setRefusal('');
    try {
      onReplay(await live.source.replay(live.runId, id));
    } catch (error) {
      setRefusal(told(error));
    }
    setBusy(false);
  };
  return (
    <>
      <ToolbarButtonComponent
        icon={refreshIcon}
        label="Replay"
        tooltip={`Run ${id} again with the same inputs, in a run of its own`}
        enabled={!busy}
        onClick={() => void replay()}
      />
      {refusal && <span role="alert">{refusal}</span>}
    </>
  );
}

interface SectionsProps {
  live: LiveRun;
  node: NodeDetail;
  visible: boolean;
  onNode(id: string): void;
}

function Sections({ live, node, visible, onNode }: SectionsProps): React.ReactElement {
  const { source, runId } = live;
  return (
    <>
      {node.failure && node.state !== 'completed' && (
        <Section title="Error" fact={node.failure.type} open>
          {() => node.failure && <Wrong failure={node.failure} />}
        </Section>
      )}
      <Section title="Outputs" fact={some(node.outputs.length)} open>
        {() =>
          node.outputs.length
            ? node.outputs.map(output => (
                <Value
                  key={output.name}
                  preview={output}
                  address={source.download(runId, node.id, output.name)}
                  ask={() => source.preview(runId, node.id, output.name)}
                />
              ))
            : hint(noOutputs(node.state))
        }
      </Section>
      <Section title="Inputs" fact={some(node.inputs.length)} open>
        {() =>
          node.inputs.length
            ? node.inputs.map(given => <Input key={given.name} given={given} live={live} onNode={onNode} />)
            : hint('It has no inputs: draw an edge to it or set them in its form.')
        }
      </Section>
      <Section title="Log">
        {() => (
          <div className="tg-Inspector-log">
            <Log key={`${runId} ${node.id}`} live={live} only={node.id} visible={visible} />
          </div>
        )}
      </Section>
      <Section title="Metrics" fact={node.metrics.wall_s ? duration(node.metrics.wall_s) : ''}>
        {() => (node.attempt ? <Used node={node} /> : hint('They are measured when it runs.'))}
      </Section>
      <Section title="Attempts" fact={node.attempts.length > 1 ? some(node.attempts.length) : ''} open={retried(node)}>
        {() =>
          node.attempts.length ? (
            <Attempts attempts={node.attempts} />
          ) : (
            hint(node.cached_from ? `None: its outputs were taken from ${node.cached_from}.` : 'It was not tried yet.')
          )
        }
      </Section>
      <Section title="Why">
        {() =>
          node.why ? <p className="tg-Why">{node.why}</p> : hint('Nothing is known yet of why it ran or did not.')
        }
      </Section>
      <Section title="Code" fact={node.component}>
        {() =>
          node.code ? (
            <Code code={node.code} language={node.language} />
          ) : (
            hint(`The code of ${node.component || 'this component'} is not in the document.`)
          )
        }
      </Section>
      <Section title="Environment">
        {() =>
          Object.keys(node.environment).length ? (
            <Facts facts={Object.entries(node.environment)} />
          ) : (
            hint('It is recorded when the node runs.')
          )
        }
      </Section>
      <Section title="Definition">{() => <Tree value={node.definition} open />}</Section>
    </>
  );
}

function Input({ given, live, onNode }: { given: Given; live: LiveRun; onNode(id: string): void }): React.ReactElement {
  const origins = given.source.split(', ').filter(Boolean);
  return (
    <div className="tg-Input">
      {given.value ? <Value preview={{ ...given.value, name: given.name }} /> : <strong>{given.name}</strong>}
      {origins.length > 0 && (
        <p className="tg-quiet">
          from{' '}
          {origins.map((origin, index) => {
            const node = live.node(origin.split('.')[0]);
            return (
              <React.Fragment key={origin}>
                {index > 0 && ', '}
                {node ? (
                  <button className="tg-link" onClick={() => onNode(node.id)}>
                    {origin}
                  </button>
                ) : (
                  origin
                )}
              </React.Fragment>
            );
          })}
          {!given.value && ', which is not there yet'}
        </p>
      )}
    </div>
  );
}

function some(n: number): string {
  return n ? n.toLocaleString('en') : 'none';
}

function hint(text: string): React.ReactElement {
  return <p className="tg-quiet">{text}</p>;
}

function retried(node: NodeDetail): boolean {
  return node.attempts.length > 1;
}

function noOutputs(state: string): string {
  if (MOVING.has(state)) {
    return 'Nothing yet: outputs appear when the node completes.';
  }
  return state === 'completed' ? 'It gave nothing.' : `None: the node is ${state}. Resume the run to try it again.`;
}
