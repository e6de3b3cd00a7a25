import { LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { lookOf } from '../canvas/states';

/** States in the order in which people look for them. */
export const STATES = [
  'running',
  'failed',
  'uncertain',
  'completed',
  'cached',
  'dispatched',
  'pending',
  'skipped',
  'cancelled'
] as const;

const UNDER_WAY: ReadonlySet<string> = new Set(['requested', 'running']);

/** Words for states whose name says little. */
const WORDS: Record<string, string> = { dispatched: 'queued', pending: 'waiting' };

const icons = new Map<string, LabIcon>();

/** The word for a state. */
export function word(state: string): string {
  return WORDS[state] ?? state;
}

/** Whether something may still happen by itself. */
export function underWay(state: string): boolean {
  return UNDER_WAY.has(state);
}

/** A class that colours what it is on as the state is. */
export function stateClass(state: string): string {
  return `tg-is-${lookOf(state).hue}`;
}

/** A state's sign, as on the canvas; the word beside it is what screen readers say. */
export function StateIcon({ state }: { state: string }): React.ReactElement {
  const icon = iconOf(state);
  return <icon.react tag="span" className={`tg-StateIcon ${stateClass(state)}`} aria-hidden="true" />;
}

/** Sign and word. */
export function State({ state }: { state: string }): React.ReactElement {
  return (
    <span className={`tg-State ${stateClass(state)}`}>
      <StateIcon state={state} />
      {word(state)}
    </span>
  );
}

function iconOf(state: string): LabIcon {
  const shape = lookOf(state).shape.replaceAll('BACK', 'var(--jp-layout-color1)');
  let icon = icons.get(shape);
  if (!icon) {
    const svgstr = `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16">${shape}</svg>`;
    icon = new LabIcon({ name: `twingraph-lab:state-${icons.size}`, svgstr });
    icons.set(shape, icon);
  }
  return icon;
}
