import * as React from 'react';

import { told } from './format';

/** What was asked for: the last answer stays until the next one comes. */
export interface Fetched<T> {
  value: T | null;
  error: string;
}

const NOTHING = { value: null, error: '' };

/**
 * Ask about `key`, and again with each `revision`, as long as somebody looks.
 *
 * Answers may take longer than revisions: one counts unless it is about another key or a later one is there already.
 */
export function useFetched<T>(
  ask: () => Promise<T>,
  key: readonly unknown[],
  revision: unknown,
  visible: boolean
): Fetched<T> {
  const [state, setState] = React.useState<Fetched<T>>(NOTHING);
  const order = React.useRef({ asked: 0, answered: 0, since: 0 });
  React.useEffect(() => {
    order.current.since = order.current.asked;
    setState(NOTHING);
  }, key);
  React.useEffect(() => {
    if (!visible) {
      return;
    }
    const n = ++order.current.asked;
    const counts = (): boolean => n > order.current.since && n > order.current.answered;
    ask().then(
      value => {
        if (counts()) {
          order.current.answered = n;
          setState({ value, error: '' });
        }
      },
      (error: unknown) => counts() && setState(before => ({ ...before, error: told(error) }))
    );
  }, [...key, revision, visible]);
  return state;
}

/** A number that grows every `interval_ms` while it is `on`: for what is shown of something that never rests. */
export function useTick(on: boolean, interval_ms: number): number {
  const [tick, setTick] = React.useState(0);
  React.useEffect(() => {
    if (!on) {
      return;
    }
    const timer = window.setInterval(() => setTick(n => n + 1), interval_ms);
    return () => window.clearInterval(timer);
  }, [on, interval_ms]);
  return tick;
}
