import type { Contents } from '@jupyterlab/services';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';

import type { CanvasContext } from './widget';

/**
 * Read a document again that another program wrote, whenever somebody comes back to it.
 *
 * What has unsaved changes stays as it is: JupyterLab asks about it when it is saved.
 */
export function keepFresh(
  context: CanvasContext,
  contents: Contents.IManager,
  shown: ISignal<unknown, void>
): IDisposable {
  const check = async (): Promise<void> => {
    const known = context.contentsModel?.last_modified;
    if (!known || context.model.dirty || context.model.collaborative || context.isDisposed || document.hidden) {
      return;
    }
    const now = await contents.get(context.path, { content: false }).catch(() => null);
    if (now && now.last_modified > known && !context.isDisposed && !context.model.dirty) {
      await context.revert();
    }
  };
  const come = (): void => void check();
  shown.connect(come);
  window.addEventListener('focus', come);
  document.addEventListener('visibilitychange', come);
  return new DisposableDelegate(() => {
    shown.disconnect(come);
    window.removeEventListener('focus', come);
    document.removeEventListener('visibilitychange', come);
  });
}
