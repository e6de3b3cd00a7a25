import type { CanvasDocument } from '../document/widget';
import type { CanvasPage } from '../document/page';
import type { ITwinGraph } from '../tokens';

/**
 * Let the inspector show the node that is selected on the canvas that was used last.
 *
 * `reveal` brings the inspector to the front, when a node is opened.
 */
export function followSelection(hub: ITwinGraph, reveal: () => void): void {
  let stop = (): void => undefined;
  hub.documents.currentChanged.connect((_, document) => {
    stop();
    stop = document ? follow(document, hub, reveal) : () => undefined;
  });
}

function follow(document: CanvasDocument, hub: ITwinGraph, reveal: () => void): () => void {
  let page: CanvasPage | null = null;
  let stopped = false;
  const look = (): void => {
    const [node, ...others] = page?.nodesSelected ?? [];
    const runId = page?.host.run.runId;
    hub.inspect(node && !others.length && runId ? { runId, node } : null);
  };
  const open = (): boolean => {
    look();
    const shown = hub.subject !== null && hub.settings.values.inspect;
    if (shown) {
      reveal();
    }
    return shown;
  };
  void document.content.ready.then(ready => {
    if (!stopped && !ready.isDisposed) {
      page = ready;
      page.panel.selectionChanged.connect(look);
      page.panel.opener = open;
      page.host.run.changed.connect(look);
      look();
    }
  });
  return () => {
    stopped = true;
    if (page) {
      page.panel.opener = null;
    }
    page?.panel.selectionChanged.disconnect(look);
    page?.host.run.changed.disconnect(look);
  };
}
