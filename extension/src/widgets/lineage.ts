import { LineageView } from '../runs/lineage/view';
import type { CommSource, Direction, LineageQuery } from '../sources';
import { EmbeddedView, named, SubjectModel } from './embedded';

export class LineageModel extends SubjectModel {
  defaults(): Backbone.ObjectHash {
    return {
      ...super.defaults(),
      ...named('LineageModel', 'LineageWidgetView'),
      run_id: '',
      node: '',
      artifact: '',
      depth: 5,
      direction: 'both'
    };
  }

  get query(): LineageQuery {
    return {
      run: this.runId || undefined,
      node: this.nodeId || undefined,
      artifact: (this.get('artifact') as string) || undefined,
      depth: this.get('depth') as number,
      direction: this.get('direction') as Direction
    };
  }
}

/** `twingraph_lab.widgets.LineageView` in a notebook. */
export class LineageWidgetView extends EmbeddedView<LineageView> {
  declare model: LineageModel;

  protected made(source: CommSource): LineageView {
    this.listenTo(this.model, 'change:artifact change:depth change:direction', () => this.follow());
    return new LineageView(source, this.model.query);
  }

  protected follow(): void {
    this.panel.showLineage(this.model.query);
  }
}
