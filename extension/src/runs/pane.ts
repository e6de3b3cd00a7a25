import { ReactWidget } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import type * as React from 'react';

/** Part of a view: rendered when it is updated, and told whether somebody sees it. */
export class Pane extends ReactWidget {
  constructor(private readonly _content: (visible: boolean) => React.ReactElement) {
    super();
  }

  protected render(): React.ReactElement {
    return this._content(this.isVisible);
  }

  protected onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    this.update();
  }

  protected onAfterHide(msg: Message): void {
    super.onAfterHide(msg);
    this.update(); // so that it stops asking
  }
}
