import { type ISignal, Signal } from '@lumino/signaling';
import * as React from 'react';

import type { LiveRun } from '../live';
import { Pane } from '../pane';
import { Content } from './content';

/** All that is known of one node in a run. */
export class Inspector extends Pane {
  private readonly _nodeSelected = new Signal<this, string>(this);
  private readonly _replayed = new Signal<this, string>(this);
  private _live: LiveRun | null = null;
  private _node = '';

  constructor() {
    super(visible => this._look(visible));
    this.addClass('tg-Inspector');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', 'Inspector');
  }

  /** A link to another node was followed. */
  get nodeSelected(): ISignal<this, string> {
    return this._nodeSelected;
  }

  /** A node runs again, in the run of this id. */
  get replayed(): ISignal<this, string> {
    return this._replayed;
  }

  get live(): LiveRun | null {
    return this._live;
  }

  /** The id of the node, empty for none. */
  get shown(): string {
    return this._node;
  }

  /** Look at a node of a run that somebody keeps up to date; an empty id looks at nothing. */
  inspect(live: LiveRun | null, node: string): void {
    if (live !== this._live) {
      this._live?.changed.disconnect(this.update, this);
      live?.changed.connect(this.update, this);
      this._live = live;
    }
    if (node !== this._node) {
      this._node = node;
      this.node.scrollTop = 0;
    }
    this.update();
  }

  private _look(visible: boolean): React.ReactElement {
    if (!this._live || !this._node) {
      return React.createElement(
        'p',
        { className: 'tg-empty' },
        'Select a node to see its inputs, outputs, log and errors.'
      );
    }
    return React.createElement(Content, {
      key: `${this._live.runId} ${this._node}`,
      live: this._live,
      id: this._node,
      visible,
      onNode: id => {
        this.inspect(this._live, id);
        this._nodeSelected.emit(id);
      },
      onReplay: runId => this._replayed.emit(runId)
    });
  }
}
