import { PathExt } from '@jupyterlab/coreutils';
import type { Contents } from '@jupyterlab/services';

import { requestAPI, withQuery } from '../api';
import { definesComponents } from '../document/files';
import type { CatalogEntry } from '../schema';
import type { ITwinGraph } from '../tokens';
import { Reading } from './reading';

/** What can be a node in the folder of the canvas that was used last. */
export class Components extends Reading {
  private _entries: readonly CatalogEntry[] = [];
  private _folder = '';

  constructor(hub: ITwinGraph, contents: Contents.IManager) {
    super();
    const look = (): void => {
      const path = hub.documents.currentWidget?.context.localPath;
      const folder = path === undefined ? this._folder : PathExt.dirname(path);
      if (folder !== this._folder || !this.fetched) {
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

  /** Ask again: functions of the project may have come. */
  fetch(): Promise<void> {
    const path = withQuery('components', { folder: this._folder });
    return this._read(requestAPI<{ entries: CatalogEntry[] }>(path), ({ entries }) => (this._entries = entries));
  }
}
