import type { Message } from '@lumino/messaging';
import { PanelLayout, Widget } from '@lumino/widgets';

import { CanvasPanel } from '../canvas/panel';
import { LineageView } from '../runs/lineage/view';
import { RunPanel } from '../runs/panel';
import { RestSource } from '../runs/rest';
import type { Subject } from '../tokens';
import { RunHost } from './runhost';

/** A run with its graph, for the main area; `named` is told which run of which workflow it shows. */
export function runPage(subject: Subject, named: (runId: string, workflow: string) => void): RunPanel {
  const graph = new RunGraph(subject.runId);
  const panel = new RunPanel({ source: new RestSource(), runId: subject.runId, graph });
  const { view } = panel;
  graph.selected = node => view.select(node);
  const follow = (): void => {
    const { live } = view;
    const name = (): void => {
      if (live.detail) {
        live.changed.disconnect(name);
        named(live.runId, live.detail.workflow);
      }
    };
    live.changed.connect(name);
    name();
  };
  view.runChanged.connect((_, runId) => {
    graph.follow(runId);
    follow();
  });
  follow();
  return panel;
}

/** The workflow of a run with its states on it, drawn when somebody looks. */
class RunGraph extends Widget {
  selected: (node: string) => void = () => undefined;
  private _host: RunHost | null = null;
  private _canvas: CanvasPanel | null = null;

  constructor(private _runId: string) {
    super();
    this.addClass('tg-RunGraph');
    this.layout = new PanelLayout();
  }

  /** Draw another run. */
  follow(runId: string): void {
    if (runId !== this._runId) {
      this._runId = runId;
      this._canvas?.dispose();
      this._canvas = this._host = null;
      if (this.isVisible) {
        void this._draw();
      }
    }
  }

  protected onAfterShow(message: Message): void {
    super.onAfterShow(message);
    void this._draw();
  }

  private async _draw(): Promise<void> {
    if (this._host) {
      return;
    }
    const host = (this._host = new RunHost(this._runId));
    const found = await host.ready.then(
      () => true,
      () => false
    );
    if (!found || host !== this._host || this.isDisposed) {
      host.dispose();
      this._host = this._host === host ? null : this._host; // why there is none is said above; it is drawn when shown again
      return;
    }
    // only now: a canvas fits into its view what it is first shown with
    const canvas = (this._canvas = new CanvasPanel(host));
    canvas.selectionChanged.connect((_, ids) => this.selected(ids.length === 1 ? ids[0] : ''));
    (this.layout as PanelLayout).addWidget(canvas);
  }
}

/** Where the values of a run, or of a node in it, come from; `open` shows a run that was found there. */
export function lineagePage({ runId, node }: Subject, open: (runId: string) => void): LineageView {
  const view = new LineageView(new RestSource(), { run: runId, node: node || undefined });
  view.opened.connect((_, found) => open(found.runId));
  return view;
}
