import { requestAPI, withQuery } from '../api';
import type { RunSummary } from '../schema';
import type { Service } from '../service';
import { Reading } from './reading';

const PAGE = 50;
const MOST_AT_ONCE = 1000;

/** Which runs: those whose workflow, id or error has `text` in it, in `state`; empty means all. */
export interface Wanted {
  text: string;
  state: string;
}

/** Runs, newest first, read page by page and again when something happens to them. */
export class RunList extends Reading {
  private _runs: readonly RunSummary[] = [];
  private _more = false;
  private _wanted: Wanted = { text: '', state: '' };

  constructor(service: Service) {
    super();
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

  private _ask(page: { limit: number; before?: string }, take: (found: readonly RunSummary[]) => void): Promise<void> {
    const path = withQuery('runs', { ...page, ...this._wanted });
    return this._read(requestAPI<{ runs: RunSummary[] }>(path), ({ runs }) => take(runs));
  }
}
