import { RunPanel } from '../runs/panel';
import type { CommSource } from '../sources';
import { EmbeddedView, named, SubjectModel } from './embedded';

export class RunModel extends SubjectModel {
  defaults(): Backbone.ObjectHash {
    return { ...super.defaults(), ...named('RunModel', 'RunWidgetView'), run_id: '', node: '' };
  }
}

/** `twingraph_lab.widgets.RunView` in a notebook. */
export class RunWidgetView extends EmbeddedView<RunPanel> {
  protected made(source: CommSource): RunPanel {
    const panel = new RunPanel({ source, runId: this.model.runId });
    panel.view.select(this.model.nodeId);
    panel.view.nodeSelected.connect((_, node) => this.tell({ node }));
    panel.view.runChanged.connect((_, run_id) => this.tell({ run_id }));
    return panel;
  }

  protected follow(): void {
    this.panel.view.showRun(this.model.runId);
    this.panel.view.select(this.model.nodeId);
  }
}
