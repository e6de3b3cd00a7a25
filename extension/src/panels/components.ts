import { PathExt } from '@jupyterlab/coreutils';
import type { Contents } from '@jupyterlab/services';
import { Signal, type ISignal } from '@lumino/signaling';

import { requestAPI, withQuery } from '../api';
import { definesComponents } from '../document/files';
import { told } from '../runs/format';
import type { CatalogEntry } from '../schema';
import type { ITwinGraph } from '../tokens';

/** What can be a node in the folder of the canvas that was used last. */
export class Components {
  private _entries: readonly CatalogEntry[] = [];
  private _error = '';
  private _fetched = false;
  private _folder = '';
  private readonly _changed = new Signal<this, void>(this);

  constructor(hub: ITwinGraph, contents: Contents.IManager) {
    const look = (): void => {
      const path = hub.documents.currentWidget?.context.localPath;
      const folder = path === undefined ? this._folder : PathExt.dirname(path);
      if (folder !== this._folder || !this._fetched) {
        this._folder = folder;
        void this.fetch();
      }
    };
    hub.documents.currentChanged.connect(look);
    contents.fileChanged.connect((_, change) => {
      if (definesComponents(change)) {
        void this.fetch();
      }
    });
    look();
  }

  get entries(): readonly CatalogEntry[] {
    return this._entries;
  }

  /** Why there are none. */
  get error(): string {
    return this._error;
  }

  /** Whether an answer came. */
  get fetched(): boolean {
    return this._fetched;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Ask again: functions of the project may have come. */
  async fetch(): Promise<void> {
    try {
      const path = withQuery('components', { folder: this._folder });
      this._entries = (await requestAPI<{ entries: CatalogEntry[] }>(path)).entries;
      this._fetched = true;
      this._error = '';
    } catch (error) {
      this._error = told(error);
    }
    this._changed.emit();
  }
}
