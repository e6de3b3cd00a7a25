import * as React from 'react';

import type { LineageGraph, LineageVertex } from '../../schema';
import { Facts } from '../inspector/facts';
import { State } from '../states';
import { kind, property, relation, status } from './words';

interface ListProps {
  graph: LineageGraph;
  selected: string;
  onSelect(id: string): void;
}

/** The lineage in words. */
export function List({ graph, selected, onSelect }: ListProps): React.ReactElement {
  const names = new Map(graph.vertices.map(vertex => [vertex.id, vertex.name]));
  const from = new Map<string, { id: string; label: string }[]>();
  for (const { source, target, label } of graph.edges) {
    from.set(source, [...(from.get(source) ?? []), { id: target, label }]);
  }
  return (
    <ul className="tg-LineageList" aria-label="Lineage in words">
      {graph.vertices.map(vertex => (
        <li key={vertex.id} className={vertex.id === selected ? 'tg-mod-active' : ''}>
          <button className="tg-link" aria-current={vertex.id === selected} onClick={() => onSelect(vertex.id)}>
            {vertex.name}
          </button>{' '}
          <span className="tg-quiet">
            {[kind(vertex), status(vertex)].filter(Boolean).join(', ')}
            {(from.get(vertex.id) ?? []).map(edge => (
              <React.Fragment key={`${edge.label} ${edge.id}`}>
                {'; '}
                {relation(edge.label)}{' '}
                <button className="tg-link" onClick={() => onSelect(edge.id)}>
                  {names.get(edge.id) ?? edge.id}
                </button>
              </React.Fragment>
            ))}
          </span>
        </li>
      ))}
    </ul>
  );
}

interface DetailsProps {
  vertex: LineageVertex;
  onClose(): void;
  /** Show the lineage around this value. */
  onCentre(digest: string): void;
  /** Look at this node of a run. */
  onOpen(runId: string, node: string): void;
}

/** What is known of a vertex. */
export function Details({ vertex, onClose, onCentre, onOpen }: DetailsProps): React.ReactElement {
  const [runId, node] = [property(vertex, 'run_id'), property(vertex, 'node')];
  return (
    <aside className="tg-LineageDetails" aria-label={`About ${vertex.name}`}>
      <header>
        <h3 title={vertex.id}>{vertex.name}</h3>
        <button className="tg-bare" aria-label="Close the details" onClick={onClose}>
          ✕
        </button>
      </header>
      <p className="tg-quiet">
        {kind(vertex)} {status(vertex) && <State state={status(vertex)} />}
      </p>
      <p>
        {vertex.label === 'Execution' && runId && node && (
          <button className="tg-link" onClick={() => onOpen(runId, node)}>
            Inspect this node
          </button>
        )}
        {vertex.label === 'Artifact' && (
          <button className="tg-link" onClick={() => onCentre(vertex.id)}>
            Lineage of this value
          </button>
        )}
      </p>
      <Facts
        facts={Object.keys(vertex.properties).map(name => [name.replaceAll('_', ' '), property(vertex, name)] as const)}
      />
    </aside>
  );
}
