import { Signal, type ISignal } from '@lumino/signaling';

import { requestAPI, withQuery } from '../api';
import { told } from '../runs/format';
import type { RunSummary } from '../schema';
import type { Service } from '../service';

const PAGE = 50;
const MOST_AT_ONCE = 1000;

/** Which runs: those whose workflow, id or error has `text` in it, in `state`; empty means all. */
export interface Wanted {
  text: string;
  state: string;
}

/** Runs, newest first, read page by page and again when something happens to them. */
export class RunList {
  private _runs: readonly RunSummary[] = [];
  private _more = false;
  private _error = '';
  private _fetched = false;
  private _wanted: Wanted = { text: '', state: '' };
  private _asked = 0;
  private readonly _changed = new Signal<this, void>(this);

  constructor(service: Service) {
    service.runsChanged.connect(() => void this.refresh());
    void this.refresh();
  }

  get runs(): readonly RunSummary[] {
    return this._runs;
  }

  /** Whether there are older ones. */
  get more(): boolean {
    return this._more;
  }

  /** Why there are none. */
  get error(): string {
    return this._error;
  }

  /** Whether an answer came. */
  get fetched(): boolean {
    return this._fetched;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get wanted(): Wanted {
    return this._wanted;
  }

  set wanted(wanted: Wanted) {
    this._wanted = wanted;
    this._runs = [];
    void this.refresh();
  }

  /** Read what is shown again, and what is newer. */
  refresh(): Promise<void> {
    const limit = Math.min(MOST_AT_ONCE, Math.max(PAGE, this._runs.length));
    return this._ask({ limit }, found => {
      const older = this._runs.length > limit ? this._runs.slice(limit) : [];
      this._runs = [...found, ...older.filter(run => !found.some(other => other.run_id === run.run_id))];
      if (!older.length) {
        this._more = found.length === limit;
      }
    });
  }

  /** Read the next page. */
  readMore(): Promise<void> {
    return this._ask({ limit: PAGE, before: this._runs.at(-1)?.run_id }, found => {
      this._runs = [...this._runs, ...found];
      this._more = found.length === PAGE;
    });
  }

  private async _ask(
    page: { limit: number; before?: string },
    take: (found: readonly RunSummary[]) => void
  ): Promise<void> {
    const n = ++this._asked;
    try {
      const path = withQuery('runs', { ...page, ...this._wanted });
      const { runs } = await requestAPI<{ runs: RunSummary[] }>(path);
      if (n !== this._asked) {
        return; // asked again since
      }
      take(runs);
      this._fetched = true;
      this._error = '';
    } catch (error) {
      this._error = told(error);
    }
    this._changed.emit();
  }
}
