import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import { Panel, Widget } from '@lumino/widgets';
import * as React from 'react';

import type { LineageGraph } from '../../schema';
import type { LineageQuery, Source } from '../../sources';
import { count, told } from '../format';
import { Paced } from '../pace';
import { Pane } from '../pane';
import { Drawing } from './drawing';
import { Details, List } from './texts';
import { Toolbar } from './toolbar';

const DEPTH = 5;
const REFRESH_MS = 3_000;

/** Where values came from and what was made of them: a graph, and the same in words. */
export class LineageView extends Panel {
  private readonly _source: Source;
  private readonly _toolbar: Pane;
  private readonly _stage = new Widget();
  private readonly _words: Pane;
  private readonly _opened = new Signal<this, { runId: string; node: string }>(this);
  private readonly _again = new Paced(() => this.isVisible && this.refresh(), REFRESH_MS);
  private _query: LineageQuery;
  private _watch: IDisposable | null = null;
  private _drawing: Drawing | null = null;
  private _graph: LineageGraph | null = null;
  private _error = '';
  private _selected = '';
  private _listed = false;
  private _asked = 0;

  constructor(source: Source, query: LineageQuery) {
    super();
    this.addClass('tg-LineageView');
    this._source = source;
    this._query = { depth: DEPTH, direction: 'both', ...query };
    this._stage.addClass('tg-LineageView-stage');
    this._stage.node.setAttribute('role', 'img');
    this._toolbar = new Pane(() => this._bar());
    this._words = new Pane(() => this._text());
    this._words.addClass('tg-LineageView-words');
    [this._toolbar, this._stage, this._words].forEach(part => this.addWidget(part));
    this._follow();
    void this._ask();
  }

  /** Somebody wants to look at a node of a run. */
  get opened(): ISignal<this, { runId: string; node: string }> {
    return this._opened;
  }

  /** What is shown. */
  get query(): LineageQuery {
    return this._query;
  }

  /** Show the lineage of something else; depth and direction stay unless they are given. */
  showLineage({ run, node, artifact, ...how }: LineageQuery): void {
    const { depth, direction } = this._query;
    this._query = { depth, direction, ...how, run, node, artifact };
    this._selected = '';
    this._follow();
    void this._ask();
  }

  refresh(): void {
    void this._ask();
  }

  dispose(): void {
    this._watch?.dispose();
    this._again.stop();
    this._drawing?.dispose();
    super.dispose();
  }

  /** What a run makes is recorded while it goes on. */
  private _follow(): void {
    this._watch?.dispose();
    const again = (): void => this._again.ask();
    const { run } = this._query;
    this._watch = run ? this._source.watch(run, { frame: again, connection: () => undefined }) : null;
  }

  private async _ask(): Promise<void> {
    const n = ++this._asked;
    try {
      const graph = await this._source.lineage(this._query);
      if (n === this._asked && !this.isDisposed) {
        this._show(graph);
      }
    } catch (error) {
      if (n === this._asked && !this.isDisposed) {
        this._error = told(error);
        this._render();
      }
    }
  }

  private _show(graph: LineageGraph): void {
    this._graph = graph;
    this._error = '';
    this._drawing ??= new Drawing(this._stage.node, id => this._select(id));
    this._drawing.draw(graph);
    const label = `Lineage graph: ${count(graph.vertices.length, 'vertex', 'vertices')}. Show it as a list to read it.`;
    this._stage.node.setAttribute('aria-label', label);
    this._select(graph.vertices.some(vertex => vertex.id === this._selected) ? this._selected : '');
  }

  private _select(id: string): void {
    this._selected = id;
    this._drawing?.select(id);
    this._render();
  }

  private _change(part: LineageQuery): void {
    this._query = { ...this._query, ...part };
    void this._ask();
    this._render();
  }

  private _render(): void {
    this._stage.setHidden(this._listed || !this._graph?.vertices.length);
    this.toggleClass('tg-mod-listed', this._listed);
    this._toolbar.update();
    this._words.update();
  }

  private _bar(): React.ReactElement {
    return React.createElement(Toolbar, {
      graph: this._graph,
      depth: this._query.depth ?? DEPTH,
      direction: this._query.direction ?? 'both',
      listed: this._listed,
      onDepth: depth => this._change({ depth }),
      onDirection: direction => this._change({ direction }),
      onListed: listed => {
        this._listed = listed;
        this._render();
      },
      onFit: () => this._drawing?.fit(),
      onRefresh: () => this.refresh()
    });
  }

  private _text(): React.ReactElement {
    const graph = this._graph;
    if (this._error || !graph || !graph.vertices.length) {
      const hint = graph
        ? 'Nothing is recorded of it: lineage appears as soon as nodes have run.'
        : 'Reading the lineage…';
      return React.createElement('p', { className: 'tg-empty', role: 'status' }, this._error || hint);
    }
    const vertex = graph.vertices.find(known => known.id === this._selected);
    return React.createElement(
      React.Fragment,
      null,
      this._listed && React.createElement(List, { graph, selected: this._selected, onSelect: id => this._select(id) }),
      vertex &&
        React.createElement(Details, {
          vertex,
          onClose: () => this._select(''),
          onCentre: artifact => this.showLineage({ artifact }),
          onOpen: (runId, node) => this._opened.emit({ runId, node })
        })
    );
  }
}
