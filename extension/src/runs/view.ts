import { UUID } from '@lumino/coreutils';
import { type ISignal, Signal } from '@lumino/signaling';
import { Panel, type Widget } from '@lumino/widgets';
import * as React from 'react';

import type { Source } from '../sources';
import { Header } from './header';
import { LiveRun } from './live';
import { Log } from './log';
import { NodeList } from './nodes';
import { Pane } from './pane';
import { type Tab, Tabs } from './tabs';
import { Timeline } from './timeline';

export type RunTab = 'nodes' | 'timeline' | 'log' | 'graph';

export interface RunViewOptions {
  source: Source;
  runId: string;
  /** A picture of the run's graph: with it there is a tab for it. */
  graph?: Widget;
}

/** A run: its state and what can be done about it, its nodes, their times, the log. */
export class RunView extends Panel {
  private readonly _source: Source;
  private readonly _tabs: readonly Tab[];
  private readonly _panes = new Map<string, Widget>();
  private readonly _bars: readonly Pane[];
  private readonly _nodeSelected = new Signal<this, string>(this);
  private readonly _runChanged = new Signal<this, string>(this);
  private readonly _key = UUID.uuid4();
  private _live: LiveRun;
  private _node = '';
  private _tab: RunTab = 'nodes';

  constructor({ source, runId, graph }: RunViewOptions) {
    super();
    this.addClass('tg-RunView');
    this._source = source;
    this._live = this._follow(runId);
    const select = (node: string): void => this.select(node);
    this._bars = [
      new Pane(() => React.createElement(Header, { live: this._live, onRerun: id => this.showRun(id) })),
      new Pane(() =>
        React.createElement(Tabs, {
          label: 'Views of the run',
          tabs: this._tabs,
          current: this._tab,
          panelOf: tab => this._panelId(tab),
          onChoose: tab => (this.tab = tab as RunTab)
        })
      )
    ];
    this._add('nodes', new Pane(() => React.createElement(NodeList, { ...this._shown(), onSelect: select })));
    this._add(
      'timeline',
      new Pane(visible => React.createElement(Timeline, { ...this._shown(), visible, onSelect: select }))
    );
    this._add(
      'log',
      new Pane(visible => React.createElement(Log, { key: this._live.runId, live: this._live, visible }))
    );
    if (graph) {
      this._add('graph', graph);
    }
    this._tabs = [...this._panes.keys()].map(id => ({ id, label: LABELS[id as RunTab] }));
    this._bars.forEach(bar => this.addWidget(bar));
    this._panes.forEach(pane => this.addWidget(pane));
    this.tab = 'nodes';
  }

  /** The run that is shown, kept up to date. */
  get live(): LiveRun {
    return this._live;
  }

  /** A node was selected, or none any more. */
  get nodeSelected(): ISignal<this, string> {
    return this._nodeSelected;
  }

  /** Another run is shown. */
  get runChanged(): ISignal<this, string> {
    return this._runChanged;
  }

  get selectedNode(): string {
    return this._node;
  }

  get tab(): RunTab {
    return this._tab;
  }

  set tab(tab: RunTab) {
    if (!this._panes.has(tab)) {
      return;
    }
    this._tab = tab;
    this._panes.forEach((pane, id) => pane.setHidden(id !== tab));
    this._bars.forEach(bar => bar.update());
  }

  /** Show another run. */
  showRun(runId: string): void {
    if (runId === this._live.runId) {
      return;
    }
    this._live.dispose();
    this._live = this._follow(runId);
    this._render();
    this._runChanged.emit(runId);
    this.select('');
  }

  select(node: string): void {
    if (node !== this._node) {
      this._node = node;
      this._render();
      this._nodeSelected.emit(node);
    }
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._live.dispose();
      super.dispose();
    }
  }

  private _follow(runId: string): LiveRun {
    const live = new LiveRun(this._source, runId);
    live.changed.connect(this._render, this);
    return live;
  }

  private _render(): void {
    this._bars[0].update();
    const pane = this._panes.get(this._tab);
    if (pane instanceof Pane && pane.isVisible) {
      pane.update();
    }
  }

  private _shown(): { key: string; live: LiveRun; selected: string } {
    return { key: this._live.runId, live: this._live, selected: this._node };
  }

  private _add(tab: RunTab, pane: Widget): void {
    pane.addClass('tg-RunView-pane');
    pane.id = this._panelId(tab);
    pane.node.setAttribute('role', 'tabpanel');
    pane.node.setAttribute('aria-labelledby', `${pane.id}-tab`);
    this._panes.set(tab, pane);
  }

  private _panelId(tab: string): string {
    return `tg-${this._key}-${tab}`;
  }
}

const LABELS: Record<RunTab, string> = { nodes: 'Nodes', timeline: 'Timeline', log: 'Log', graph: 'Graph' };
