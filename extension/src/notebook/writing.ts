import type { ISharedNotebook, ISharedText } from '@jupyter/ydoc';

import type { Change } from './protocol';

/**
 * Make changes in a notebook, as one step that can be undone. False, and nothing is done, if a cell is no longer what
 * it was. Cells of other notebooks are left to them.
 */
export function written(notebook: ISharedNotebook, path: string, changes: readonly Change[]): boolean {
  const index = (id: string): number => notebook.cells.findIndex(cell => cell.getId() === id);
  const mine = changes.filter(change => ('insert' in change ? change.notebook === path : index(idOf(change)) >= 0));
  const stale = mine.some(change => 'was' in change && notebook.getCell(index(idOf(change))).source !== change.was);
  if (stale) {
    return false;
  }
  if (!mine.length) {
    return true;
  }
  notebook.transact(() => {
    for (const change of mine) {
      if ('delete' in change) {
        notebook.deleteCell(index(change.delete));
      } else if ('cell' in change) {
        rewrite(notebook.getCell(index(change.cell)), change.source);
      } else if (index(change.insert) < 0) {
        const place = change.after === null ? -1 : index(change.after);
        const cell = { cell_type: 'code', id: change.insert, source: change.source, metadata: {} } as const;
        notebook.insertCell(place < 0 ? notebook.cells.length : place + 1, {
          ...cell,
          outputs: [],
          execution_count: null
        });
      }
    }
  });
  return true;
}

function idOf(change: Change): string {
  return 'delete' in change ? change.delete : 'cell' in change ? change.cell : change.insert;
}

/** Change only what differs, so that cursors stay where they are. */
function rewrite(text: ISharedText, source: string): void {
  const was = text.source;
  let start = 0;
  while (start < was.length && start < source.length && was[start] === source[start]) {
    start++;
  }
  let end = 0;
  while (end < was.length - start && end < source.length - start && was.at(-1 - end) === source.at(-1 - end)) {
    end++;
  }
  text.updateSource(start, was.length - end, source.slice(start, source.length - end));
}
