import { listIcon, refreshIcon, ToolbarButtonComponent } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { LineageGraph } from '../../schema';
import type { Direction } from '../../sources';
import { count } from '../format';

const DEPTHS = [1, 2, 3, 5, 10, 25, 100];
const DIRECTIONS: readonly (readonly [Direction, string])[] = [
  ['both', 'both ways'],
  ['ancestors', 'where it came from'],
  ['descendants', 'what was made of it']
];

interface ToolbarProps {
  graph: LineageGraph | null;
  depth: number;
  direction: Direction;
  listed: boolean;
  onDepth(depth: number): void;
  onDirection(direction: Direction): void;
  onListed(listed: boolean): void;
  onFit(): void;
  onRefresh(): void;
}

/** What part of the lineage to show, and how. */
export function Toolbar(props: ToolbarProps): React.ReactElement {
  const { graph } = props;
  return (
    <div className="tg-bar" role="toolbar" aria-label="Lineage">
      <select
        className="tg-select"
        aria-label="Direction"
        value={props.direction}
        onChange={event => props.onDirection(event.target.value as Direction)}
      >
        {DIRECTIONS.map(([direction, label]) => (
          <option key={direction} value={direction}>
            {label}
          </option>
        ))}
      </select>
      <label className="tg-check">
        within
        <select
          className="tg-select"
          aria-label="Steps"
          value={props.depth}
          onChange={event => props.onDepth(Number(event.target.value))}
        >
          {DEPTHS.map(depth => (
            <option key={depth} value={depth}>
              {count(depth, 'step')}
            </option>
          ))}
        </select>
      </label>
      <span className="tg-quiet" role="status">
        {graph && `${count(graph.vertices.length, 'vertex', 'vertices')}, ${count(graph.edges.length, 'edge')}`}
      </span>
      {graph?.truncated && (
        <span
          className="tg-notice"
          role="status"
          title="Choose fewer steps or one direction, or begin at a single node."
        >
          there is more than is shown
        </span>
      )}
      <span className="tg-spacer" />
      <ToolbarButtonComponent icon={refreshIcon} tooltip="Read again" onClick={props.onRefresh} />
      <button className="tg-bare" title="Show all of it" onClick={props.onFit} disabled={props.listed}>
        Fit
      </button>
      <ToolbarButtonComponent
        icon={listIcon}
        tooltip={props.listed ? 'Show as a graph' : 'Show as a list'}
        pressed={props.listed}
        onClick={() => props.onListed(!props.listed)}
      />
    </div>
  );
}
