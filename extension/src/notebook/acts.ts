import type { ISessionContextDialogs } from '@jupyterlab/apputils';
import type { CodeCell } from '@jupyterlab/cells';
import { NotebookActions, type NotebookPanel } from '@jupyterlab/notebook';
import type { KernelMessage } from '@jupyterlab/services';
import type { ITranslator } from '@jupyterlab/translation';

import type { CellsLink } from './link';
import { MAGIC } from './protocol';

const LOAD = '%load_ext twingraph_lab';
const IS_LOADED = "get_ipython().find_cell_magic('twingraph') is not None";
/** A name that is bound at the beginning of a line. */
const BOUND = /^([A-Za-z_]\w*)[ \t]*(?::[^=\n]+)?=(?!=)/m;
const NAMED = /^\s*%%twingraph[ \t]+([A-Za-z_][\w-]*)/;

/** Whether the text is that of a node. */
export function isNode(source: string): boolean {
  return /^\s*%%twingraph(?!\S)/.test(source);
}

/** Write the magic's line above the code of a cell, and run it: it becomes a node, its code does not run yet. */
export async function makeNode(
  panel: NotebookPanel,
  cell: CodeCell,
  dialogs: ISessionContextDialogs | null,
  translator: ITranslator
): Promise<void> {
  const text = cell.model.sharedModel;
  const name = nameFor(panel, text.source);
  text.updateSource(0, 0, `${MAGIC}${name && ` ${name}`}\n`);
  await withMagics(panel, translator);
  await NotebookActions.runCells(panel.content, [cell], panel.sessionContext, dialogs ?? undefined, translator);
}

/** Make the node anew of what its cell says now, then run it and what it needs; the cell shows the run. */
export async function runNode(
  panel: NotebookPanel,
  cell: CodeCell,
  link: CellsLink,
  dialogs: ISessionContextDialogs | null,
  translator: ITranslator
): Promise<void> {
  const { content, sessionContext } = panel;
  await withMagics(panel, translator);
  const made = await NotebookActions.runCells(content, [cell], sessionContext, dialogs ?? undefined, translator);
  const node = link.nodes[cell.model.id];
  const kernel = sessionContext.session?.kernel;
  if (!made || !node || !kernel || cell.isDisposed) {
    return; // the cell says why
  }
  const code = `%twingraph run ${node.name} --workflow ${JSON.stringify(node.workflow)}`;
  // an id of its own: the kernel would take this line for what the cell has become
  const metadata = { cellId: `${cell.model.id}-run` };
  const future = kernel.requestExecute({ code, store_history: false, stop_on_error: true }, false, metadata);
  cell.outputArea.future = future;
  await future.done;
}

/** Let the kernel know our magics; the notebook says so, too, so that it also works when it is run as a whole. */
async function withMagics(panel: NotebookPanel, translator: ITranslator): Promise<void> {
  const kernel = panel.sessionContext.session?.kernel;
  const notebook = panel.content.model?.sharedModel;
  if (!kernel || !notebook) {
    return;
  }
  const asked = kernel.requestExecute({ code: '', silent: true, user_expressions: { loaded: IS_LOADED } });
  const reply = (await asked.done)?.content as KernelMessage.IReplyOkContent &
    KernelMessage.IExecuteReplyMsg['content'];
  const found = 'user_expressions' in reply ? (reply.user_expressions.loaded as Answer) : undefined;
  if (found?.data?.['text/plain'] !== 'False') {
    return; // it is loaded, or this is no IPython kernel, which will say so itself
  }
  let index = notebook.cells.findIndex(cell => cell.cell_type === 'code' && cell.source.includes(LOAD));
  if (index < 0) {
    index = Math.max(
      0,
      notebook.cells.findIndex(cell => cell.cell_type === 'code')
    );
    notebook.insertCell(index, { cell_type: 'code', source: LOAD, metadata: {}, outputs: [], execution_count: null });
  }
  await NotebookActions.runCells(
    panel.content,
    [panel.content.widgets[index]],
    panel.sessionContext,
    undefined,
    translator
  );
}

interface Answer {
  data?: Record<string, string>;
}

/** What the cell binds first, unless another cell is called so. */
function nameFor(panel: NotebookPanel, source: string): string {
  const name = BOUND.exec(source)?.[1] ?? '';
  const cells = panel.content.model?.sharedModel.cells ?? [];
  const taken = new Set(cells.map(cell => NAMED.exec(cell.source)?.[1]));
  let free = name;
  for (let number = 2; name && taken.has(free); number++) {
    free = `${name}_${number}`;
  }
  return free;
}
