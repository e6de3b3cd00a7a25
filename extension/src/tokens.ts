import type { IWidgetTracker } from '@jupyterlab/apputils';
import { Token } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';

import type { CanvasDocument } from './document/widget';
import type { Service } from './service';
import type { Settings } from './settings';

/** The plugin whose settings are those of the extension; also the name of `schema/plugin.json`. */
export const PLUGIN = 'twingraph-lab:plugin';

/** The widget factory of canvas documents. */
export const FACTORY = 'TwinGraph canvas';

/** The file type of canvas documents and its extension. */
export const FILE_TYPE = 'twg';
export const FILE_EXTENSION = '.twg.json';

export namespace CommandIDs {
  export const create = 'twingraph:create';
  export const open = 'twingraph:open';
  export const openAsText = 'twingraph:open-as-text';
  export const addFile = 'twingraph:add-file';
  export const addEntry = 'twingraph:add-entry';
  export const run = 'twingraph:run';
  export const runSelected = 'twingraph:run-selected';
  export const runFromHere = 'twingraph:run-from-here';
  export const runFile = 'twingraph:run-file';
  export const cancel = 'twingraph:cancel';
  export const resume = 'twingraph:resume';
  export const undo = 'twingraph:undo';
  export const redo = 'twingraph:redo';
  export const openRun = 'twingraph:open-run';
  export const openLineage = 'twingraph:open-lineage';
  export const showPanel = 'twingraph:show-panel';
  export const showRuns = 'twingraph:show-runs';
  export const showInspector = 'twingraph:show-inspector';
}

/** A node of a run that somebody is looking at. */
export interface Subject {
  runId: string;
  node: string;
}

/** What the parts of the extension share. */
export interface ITwinGraph {
  readonly service: Service;
  readonly settings: Settings;
  /** The canvas documents that are open. */
  readonly documents: IWidgetTracker<CanvasDocument>;
  /** The node that the inspector shows. */
  readonly subject: Subject | null;
  readonly subjectChanged: ISignal<ITwinGraph, Subject | null>;
  inspect(subject: Subject | null): void;
}

export const ITwinGraph = new Token<ITwinGraph>(
  'twingraph-lab:ITwinGraph',
  'The service, the settings and the open canvases of TwinGraph Lab.'
);
