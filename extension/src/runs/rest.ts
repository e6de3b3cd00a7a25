import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import { apiPath, apiURL, postAPI, requestAPI, withQuery } from '../api';
import type { Frame, LineageGraph, LogPage, NodeDetail, Preview, RunDetail, RunSummary, TimelineView } from '../schema';
import type { LineageQuery, LogQuery, Source, Watcher } from '../sources';
import { SteadySocket } from './socket';
import { underWay } from './states';

/** A source that asks the service. */
export class RestSource implements Source {
  run(runId: string): Promise<RunDetail> {
    return requestAPI<RunDetail>(apiPath('runs', runId));
  }

  node(runId: string, node: string): Promise<NodeDetail> {
    return requestAPI<NodeDetail>(apiPath('runs', runId, 'nodes', node));
  }

  log(runId: string, query: LogQuery): Promise<LogPage> {
    return requestAPI<LogPage>(withQuery(apiPath('runs', runId, 'logs'), { ...query }));
  }

  timeline(runId: string): Promise<TimelineView> {
    return requestAPI<TimelineView>(apiPath('runs', runId, 'timeline'));
  }

  lineage(query: LineageQuery): Promise<LineageGraph> {
    return requestAPI<LineageGraph>(withQuery('lineage', { ...query }));
  }

  preview(runId: string, node: string, output: string): Promise<Preview> {
    return requestAPI<Preview>(apiPath('runs', runId, 'nodes', node, 'outputs', output, 'preview'));
  }

  download(runId: string, node: string, output: string): string {
    return apiURL(apiPath('runs', runId, 'nodes', node, 'outputs', output));
  }

  async cancel(runId: string): Promise<void> {
    await postAPI(apiPath('runs', runId, 'cancel'));
  }

  async resume(runId: string): Promise<void> {
    await postAPI(apiPath('runs', runId, 'resume'));
    resumed.emit(runId);
  }

  async rerun(runId: string): Promise<string> {
    return (await postAPI<RunSummary>(apiPath('runs', runId, 'rerun'))).run_id;
  }

  async replay(runId: string, node: string): Promise<string> {
    return (await postAPI<RunSummary>(apiPath('runs', runId, 'nodes', node, 'replay'))).run_id;
  }

  watch(runId: string, watcher: Watcher): IDisposable {
    return new Watch(runId, watcher);
  }
}

/** Runs that somebody on this page resumed: whoever watched one to its end goes on. */
const resumed = new Signal<object, string>({});

/** The frames of a run, again if it is resumed. */
class Watch implements IDisposable {
  private _socket: SteadySocket;
  private _state = ''; // none before the first frame
  private _refused = false;
  private _disposed = false;

  constructor(
    private readonly _runId: string,
    private readonly _watcher: Watcher
  ) {
    this._socket = this._frames();
    resumed.connect(this._resumed, this);
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    this._disposed = true;
    this._socket.dispose();
    Signal.clearData(this);
  }

  private _frames(): SteadySocket {
    return new SteadySocket({
      path: () => apiPath('runs', this._runId, 'frames'),
      message: text => this._take(JSON.parse(text) as Frame | Problem),
      connected: connected => connected || this._watcher.connection('reconnecting'),
      closed: () => this._closed()
    });
  }

  private _take(said: Frame | Problem): void {
    if ('run_id' in said) {
      this._state = said.state;
      this._watcher.connection('live'); // only now: a proxy opens sockets before it has reached the service
      this._watcher.frame(said);
    } else {
      this._refused = true;
    }
  }

  private _closed(): void {
    if (this._disposed) {
      return;
    }
    if (this._refused) {
      this._watcher.connection('ended');
    } else if (!this._state || underWay(this._state)) {
      this._watcher.connection('reconnecting'); // the service stopped, the run didn't
      this._socket = this._frames();
    } else {
      this._watcher.connection('ended');
      void this._verify();
    }
  }

  /** What a run's last frame said is all, unless somebody resumed the run just then. */
  private async _verify(): Promise<void> {
    const known = this._state;
    const state = await requestAPI<RunDetail>(apiPath('runs', this._runId)).then(
      run => run.state,
      () => known // the service is away; whoever resumes the run on this page says so
    );
    if (!this._disposed && this._socket.isDisposed && this._state === known && state !== known) {
      this._socket = this._frames();
    }
  }

  private _resumed(_: object, runId: string): void {
    if (runId !== this._runId || this._disposed) {
      return;
    }
    this._state = ''; // if a socket closes now, that is the end before
    if (this._socket.isDisposed) {
      this._socket = this._frames();
    }
  }
}

/** What the service says instead of frames when it has none; reading the run tells the same. */
interface Problem {
  error: string;
  message: string;
}
