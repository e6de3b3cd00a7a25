import type { TranslationBundle } from '@jupyterlab/translation';
import { Panel, Widget } from '@lumino/widgets';

import { Inspector } from '../runs/inspector/inspector';
import { LiveRun } from '../runs/live';
import { RestSource } from '../runs/rest';
import type { ITwinGraph, Subject } from '../tokens';

/** The node that is selected on the canvas, as it is in the canvas's run. */
export class InspectorPanel extends Panel {
  private readonly _inspector = new Inspector();
  private readonly _hint = new Widget();
  private readonly _source = new RestSource();
  private _live: LiveRun | null = null;

  constructor(
    private readonly _hub: ITwinGraph,
    trans: TranslationBundle,
    openRun: (runId: string) => void
  ) {
    super();
    this.addClass('tg-InspectorPanel');
    this._hint.addClass('tg-Panel-empty');
    this._hint.node.textContent = trans.__(
      'Select a node on a canvas whose workflow was run: its inputs, outputs, log and metrics are shown here.'
    );
    this.addWidget(this._hint);
    this.addWidget(this._inspector);
    this._inspector.replayed.connect((_, runId) => openRun(runId));
    _hub.subjectChanged.connect((_, subject) => this._show(subject));
    this._show(_hub.subject);
  }

  dispose(): void {
    this._live?.dispose();
    super.dispose();
  }

  private _show(subject: Subject | null): void {
    this._hint.setHidden(subject !== null);
    this._inspector.setHidden(subject === null);
    if (!subject) {
      return; // the run stays followed: most often another of its nodes is selected next
    }
    this._hub.service.need();
    if (this._live?.runId !== subject.runId) {
      this._live?.dispose();
      this._live = new LiveRun(this._source, subject.runId);
    }
    this._inspector.inspect(this._live, subject.node);
  }
}
