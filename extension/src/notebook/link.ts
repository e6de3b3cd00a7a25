import type { JSONObject } from '@lumino/coreutils';
import { Debouncer } from '@lumino/polling';
import { type ISignal, Signal } from '@lumino/signaling';
import type { IDisposable } from '@lumino/disposable';
import { Notification } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Kernel, KernelMessage } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';

import { written } from './writing';
import { MAGIC, type CellNode, type Heard } from './protocol';

const TARGET = 'twingraph.cells';
const QUIET_MS = 400;
/** Key of the notebook's metadata that keeps how workflows are drawn. */
const METADATA = 'twingraph';

/** Keeps the cells of one notebook and the workflow in its kernel in step. */
export class CellsLink implements IDisposable {
  private readonly _changed = new Signal<this, void>(this);
  private readonly _later = new Debouncer(() => this._tell(), QUIET_MS);
  private _comm: Kernel.IComm | null = null;
  private _kernel: Kernel.IKernelConnection | null = null;
  private _seen: number | null = null;
  private _told = '';
  private _nodes: Readonly<Record<string, CellNode>> = {};

  constructor(
    private readonly _panel: NotebookPanel,
    private readonly _trans: TranslationBundle
  ) {
    const { sessionContext } = _panel;
    sessionContext.kernelChanged.connect(this._meet, this);
    sessionContext.connectionStatusChanged.connect(this._reconnect, this);
    _panel.content.modelChanged.connect(this._follow, this);
    _panel.disposed.connect(this.dispose, this);
    this._follow();
    void sessionContext.ready.then(() => this._meet());
  }

  /** The nodes that the kernel made of cells, by the cells' ids. */
  get nodes(): Readonly<Record<string, CellNode>> {
    return this._nodes;
  }

  /** `nodes` changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._later.isDisposed;
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this._later.dispose();
    this._leave();
    Signal.clearData(this);
  }

  private _follow(): void {
    this._panel.content.model?.contentChanged.connect(this._touch, this);
  }

  private _touch(): void {
    if (this._comm) {
      void this._later.invoke();
    }
  }

  /** Listen to the kernel that the notebook has now: it opens the comm, or has opened it before this page was there. */
  private _meet(): void {
    const kernel = this._panel.sessionContext.session?.kernel ?? null;
    if (this.isDisposed || kernel === this._kernel) {
      return;
    }
    this._leave();
    this._kernel = kernel;
    if (kernel?.handleComms) {
      kernel.registerCommTarget(TARGET, this._take);
      this._find(kernel);
    }
  }

  private _reconnect(): void {
    if (this._kernel?.connectionStatus === 'connected' && this._kernel.handleComms && !this._comm) {
      this._find(this._kernel);
    }
  }

  private _find(kernel: Kernel.IKernelConnection): void {
    void kernel.requestCommInfo({ target_name: TARGET }).then(reply => {
      const comms = 'comms' in reply.content ? Object.keys(reply.content.comms) : [];
      const id = comms.at(-1);
      if (id && kernel === this._kernel && !this._comm && !kernel.hasComm(id)) {
        this._take(kernel.createComm(TARGET, id));
      }
    });
  }

  private readonly _take = (comm: Kernel.IComm): void => {
    this._comm = comm;
    this._seen = null;
    comm.onMsg = message => this._hear(message);
    comm.onClose = () => (this._comm === comm ? this._lose() : undefined);
    this._tell(true);
  };

  private _leave(): void {
    if (this._kernel && !this._kernel.isDisposed) {
      this._kernel.removeCommTarget(TARGET, this._take);
    }
    this._kernel = null;
    this._lose();
  }

  private _lose(): void {
    this._comm = null;
    this._told = '';
    this._nodes = {};
    this._changed.emit();
  }

  private _hear(message: KernelMessage.ICommMsgMsg): void {
    const said = message.content.data as unknown as Heard;
    if (said.op === 'nodes') {
      this._nodes = said.nodes;
      this._changed.emit();
      return;
    }
    const notebook = this._panel.content.model?.sharedModel;
    if (said.op !== 'write' || !notebook) {
      return;
    }
    this._seen = said.n;
    if (!written(notebook, this._panel.context.path, said.changes)) {
      Notification.warning(
        this._trans.__(
          'A cell was changed in the notebook and not run since, so the canvas could not change it. Run it, then try again.'
        )
      );
    }
    const before = (notebook.getMetadata(METADATA) ?? {}) as JSONObject;
    const layout = { ...(before.layout as JSONObject | undefined), ...said.drawings };
    if (JSON.stringify(layout) !== JSON.stringify(before.layout)) {
      notebook.transact(() => notebook.setMetadata(METADATA, { ...before, layout }), false);
    }
    this._tell(true);
  }

  /** Tell the kernel all code cells, if they are others than it knows. */
  private _tell(again = false): void {
    const notebook = this._panel.content.model?.sharedModel;
    const comm = this._comm;
    if (!notebook || !comm || comm.isDisposed) {
      return;
    }
    const cells = notebook.cells
      .filter(cell => cell.cell_type === 'code')
      .map(cell => ({ id: cell.getId(), source: cell.source.includes(MAGIC) ? cell.source : '' }));
    const told = JSON.stringify(cells);
    if (!again && told === this._told) {
      return;
    }
    this._told = told;
    const metadata = notebook.getMetadata(METADATA) as JSONObject | undefined;
    const drawings = this._seen === null ? ((metadata?.layout as JSONObject | undefined) ?? {}) : {};
    comm.send({ op: 'cells', notebook: this._panel.context.path, seen: this._seen, cells, drawings });
  }
}
