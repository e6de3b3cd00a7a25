import { SplitPanel } from '@lumino/widgets';

import { Inspector } from './inspector/inspector';
import { RunView, type RunViewOptions } from './view';

const SIZES = [3, 2];

/** A run, and beside it the node of it that was selected. */
export class RunPanel extends SplitPanel {
  readonly view: RunView;
  readonly inspector = new Inspector();

  constructor(options: RunViewOptions) {
    super({ orientation: 'horizontal', spacing: 1 });
    this.addClass('tg-RunPanel');
    this.view = new RunView(options);
    this.addWidget(this.view);
    this.addWidget(this.inspector);
    this.inspector.hide();
    this.view.nodeSelected.connect((view, node) => {
      this.inspector.inspect(view.live, node);
      if (node && this.inspector.isHidden) {
        this.inspector.show();
        this.setRelativeSizes(SIZES);
      } else if (!node) {
        this.inspector.hide();
      }
    });
    this.view.runChanged.connect(view => this.inspector.inspect(view.live, ''));
    this.inspector.replayed.connect((_, runId) => this.view.showRun(runId));
    this.inspector.nodeSelected.connect((_, node) => this.view.select(node));
  }
}
