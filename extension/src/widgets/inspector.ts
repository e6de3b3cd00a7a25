import { Inspector } from '../runs/inspector/inspector';
import { LiveRun } from '../runs/live';
import type { CommSource } from '../sources';
import { EmbeddedView, named, SubjectModel } from './embedded';

export class InspectorModel extends SubjectModel {
  defaults(): Backbone.ObjectHash {
    return { ...super.defaults(), ...named('InspectorModel', 'InspectorWidgetView'), run_id: '', node: '' };
  }
}

/** `twingraph_lab.widgets.Inspector` in a notebook. */
export class InspectorWidgetView extends EmbeddedView<Inspector> {
  private _source!: CommSource;
  private _live: LiveRun | null = null;

  remove(): void {
    this._live?.dispose();
    super.remove();
  }

  protected made(source: CommSource): Inspector {
    this._source = source;
    const inspector = new Inspector();
    inspector.nodeSelected.connect((_, node) => this.tell({ node }));
    inspector.replayed.connect((_, runId) => this.tell({ run_id: runId }));
    this._inspect(inspector);
    return inspector;
  }

  protected follow(): void {
    this._inspect(this.panel);
  }

  private _inspect(inspector: Inspector): void {
    if (this._live?.runId !== this.model.runId) {
      this._live?.dispose();
      this._live = this.model.runId ? new LiveRun(this._source, this.model.runId) : null;
    }
    inspector.inspect(this._live, this.model.nodeId);
  }
}
