// What the canvas needs of the place it lives in: a notebook's widget (over its comm) or a document (over REST).
// Python is the only authority: the canvas sends edits and draws what comes back.
import type { IEditorServices } from '@jupyterlab/codeeditor';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';

import type { CatalogEntry, Delta, Edit, Element, Frame } from '../schema';
import type { Connection } from '../sources';

/** Drag data of the component palette: the text is a `CatalogEntry.entry`. */
export const ENTRY_MIME = 'application/x-twingraph-entry';

/** Questions that change nothing in the workflow, and commands to runs. */
export type Question =
  | 'form' // {id} → NodeForm; id '' is the workflow's own form
  | 'clip' // {ids} → string, the text for the clipboard
  | 'picture' // {} → string, SVG
  | 'run' // {nodes?, start?, only?, parameters?} → whatever; frames follow
  | 'cancel' // {run_id} stops the run that is on the canvas
  | 'resume'; // {run_id} goes on with it

/** An edit that Python did not accept. Nothing has changed. */
export class Refusal extends Error {
  constructor(
    message: string,
    readonly faults: readonly string[] = []
  ) {
    super(message);
    this.name = 'Refusal';
  }
}

export interface CanvasHost extends IDisposable {
  /** Everything to draw, now. Kept up to date by the host: with what `edit` answered and with `deltas`. */
  readonly elements: readonly Element[];
  /** Faults of the workflow as a whole. */
  readonly faults: readonly string[];
  /** The workflow's name. */
  readonly title: string;
  readonly readOnly: boolean;
  /** Components that can be added; may be empty at first (`changed` follows). */
  readonly catalog: readonly CatalogEntry[];
  /** The latest status of every node if a run is on the canvas. */
  readonly frame: Frame | null;
  /** How its news come. */
  readonly connection: Connection;
  /** JupyterLab's code editors, null in front ends that have none: then sources are edited in a plain text box. */
  readonly editors: IEditorServices | null;

  /** Apply edits, all or none. The answer is what changed; `deltas` is not emitted for it. Rejects with `Refusal`. */
  edit(edits: readonly Edit[]): Promise<Delta>;
  /** Answers a question, rejects with an Error whose message is for people. */
  ask(what: Question, args?: Record<string, unknown>): Promise<unknown>;
  /** Take the last edit back / make it again; what changed arrives by `deltas`. Nothing to undo: nothing happens. */
  undo(): Promise<void>;
  redo(): Promise<void>;

  /** Changes that this canvas did not make: another view, a cell, undo. */
  readonly deltas: ISignal<CanvasHost, Delta>;
  /** What changed of a run, at any rate; the canvas draws at most ten a second. */
  readonly frames: ISignal<CanvasHost, Frame>;
  /** `elements` are all new (a file was reloaded). */
  readonly reset: ISignal<CanvasHost, void>;
  /** `title`, `readOnly`, `catalog`, `connection` or `frame` (a run was put on or taken off) changed. */
  readonly changed: ISignal<CanvasHost, void>;
}

/*
What a CanvasPanel offers to its surroundings (canvas/panel.ts):

  new CanvasPanel(host)                       owns the host: disposes it
  panel.cy: Core                              the cytoscape instance
  panel.selection: readonly string[]          ids of selected nodes, edges, groups, comments
  panel.selectionChanged: ISignal<CanvasPanel, readonly string[]>
  panel.opener: (id) => boolean               shows a node that is opened (Enter, double-click) in the inspector
  panel.select(ids), panel.reveal(id)         select; select and bring into view
  panel.perform(name: ActionName)             any action by name, e.g. 'undo', 'fit', 'run', 'copy' (canvas/actions.ts)
  panel.addEntry(entry, [x, y]?)              add a catalog entry at a place or in the middle of the view
  panel.addFile(path, [x, y]?)                likewise a file
*/
