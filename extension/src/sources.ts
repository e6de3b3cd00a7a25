import type { IDisposable } from '@lumino/disposable';

import type { Conversation } from './widgets/conversation';
import type { Frame, LineageGraph, LogPage, NodeDetail, Preview, RunDetail, TimelineView } from './schema';

/** How what is shown gets its news: `lost` says that nothing will come until someone acts, `ended` that all is told. */
export type Connection = 'live' | 'reconnecting' | 'lost' | 'ended';

/** What people are told of that; nothing as long as all is well. */
export const CONNECTIONS: Readonly<Record<Connection, string>> = {
  live: '',
  ended: '',
  reconnecting: 'reconnecting…',
  lost: 'no longer live: the kernel is gone, run the cell again'
};

/** Someone who follows a run. The first frame has all nodes, later ones what changed. */
export interface Watcher {
  frame(frame: Frame): void;
  connection(connection: Connection): void;
}

/** Which lines of a run's log: of `node` and at least `level` if given, after the line numbered `after`. */
export interface LogQuery {
  node?: string;
  after?: number;
  limit?: number;
  level?: string;
}

export type Direction = 'both' | 'ancestors' | 'descendants';

/** Which part of the lineage: what is `depth` steps around a run, one of its nodes, or an artifact. */
export interface LineageQuery {
  run?: string;
  node?: string;
  artifact?: string;
  depth?: number;
  direction?: Direction;
}

/** Where panels about runs get what they show: from a kernel's widget, or from the service. */
export interface Source {
  run(runId: string): Promise<RunDetail>;
  node(runId: string, node: string): Promise<NodeDetail>;
  log(runId: string, query: LogQuery): Promise<LogPage>;
  timeline(runId: string): Promise<TimelineView>;
  lineage(query: LineageQuery): Promise<LineageGraph>;
  preview(runId: string, node: string, output: string): Promise<Preview>;
  /** The address to download an output from; none where only a kernel has it. */
  download(runId: string, node: string, output: string): string | undefined;
  cancel(runId: string): Promise<void>;
  resume(runId: string): Promise<void>;
  /** Run the same again; the new run's id. */
  rerun(runId: string): Promise<string>;
  /** Run one node again as it ran, in a run of its own; that run's id. */
  replay(runId: string, node: string): Promise<string>;
  /** Follow a run until disposed, over its end and a resumption. */
  watch(runId: string, watcher: Watcher): IDisposable;
}

/** A source that asks the Python side of a widget. */
export class CommSource implements Source {
  constructor(private readonly _conversation: Conversation) {}

  run(runId: string): Promise<RunDetail> {
    return this._conversation.ask<RunDetail>('run_detail', { run_id: runId });
  }

  node(runId: string, node: string): Promise<NodeDetail> {
    return this._conversation.ask<NodeDetail>('node_detail', { run_id: runId, node });
  }

  log(runId: string, query: LogQuery): Promise<LogPage> {
    return this._conversation.ask<LogPage>('log_page', { run_id: runId, ...query });
  }

  timeline(runId: string): Promise<TimelineView> {
    return this._conversation.ask<TimelineView>('timeline', { run_id: runId });
  }

  lineage({ run, ...query }: LineageQuery): Promise<LineageGraph> {
    return this._conversation.ask<LineageGraph>('lineage', { run_id: run, ...query });
  }

  preview(runId: string, node: string, output: string): Promise<Preview> {
    return this._conversation.ask<Preview>('preview', { run_id: runId, node, name: output });
  }

  download(): undefined {
    return undefined;
  }

  async cancel(runId: string): Promise<void> {
    await this._conversation.ask('cancel', { run_id: runId });
  }

  async resume(runId: string): Promise<void> {
    await this._conversation.ask('resume', { run_id: runId });
  }

  async rerun(runId: string): Promise<string> {
    return (await this._conversation.ask<{ run_id: string }>('rerun', { run_id: runId })).run_id;
  }

  async replay(runId: string, node: string): Promise<string> {
    return (await this._conversation.ask<{ run_id: string }>('replay', { run_id: runId, node })).run_id;
  }

  watch(runId: string, watcher: Watcher): IDisposable {
    return this._conversation.watch(frame => {
      if (frame.run_id === runId) {
        watcher.frame(frame);
      }
    }, watcher.connection.bind(watcher));
  }
}
