// Written by scripts/schema.py from the models in twingraph_lab; don't edit.

/** What JSON can say. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

/** An edge; ports that aren't given are chosen if there is no doubt, else the fault lists the choices. */
export interface AddEdge {
  op: 'add_edge';
  source: string;
  target: string;
  output?: string;
  input?: string;
  after?: boolean;
}

/** The node or nodes that a file makes: a notebook, a script with components, a workflow document. */
export interface AddFile {
  op: 'add_file';
  path: string;
  position: [number, number];
}

/** A node of the catalog entry `entry`, or with the given component; `id` is made up if it is empty or taken. */
export interface AddNode {
  op: 'add_node';
  entry?: string;
  component?: JsonValue;
  id?: string;
  inputs?: Record<string, JsonValue>;
  position: [number, number];
}

/** One attempt of a node. */
export interface Attempt {
  number: number;
  started: string;
  ended: string | null;
  ending: string;
  worker: string;
  failure: Failure | null;
}

/** A stretch of a node's time: seconds since the run's start, without the time in which nobody drove the run. */
export interface Bar {
  kind: 'waiting' | 'attempt' | 'cached';
  attempt: number;
  start_s: number;
  end_s: number;
  ending: string;
}

/** A component of the entry-point group `twingraph_lab.components`. */
export interface Builtin {
  kind: 'builtin';
  name: string;
}

/**
 * When the outputs of an earlier task stand for this one's.
 *
 * * `none`: never, the default.
 * * `inputs`: it had the same code, input values, parameters, environment and `version`.
 * * `source`: the same code, environment and `version`, whatever the inputs were.
 * * `version`: the same `version` and input values, whatever the code was.
 *
 * What is older than `ttl_s` seconds doesn't count. `scope` says whose outputs do: those of this run, of this project,
 * or of everybody who shares the artifact store. With `refresh` the task runs and replaces what was kept.
 */
export interface CachePolicy {
  mode?: 'none' | 'inputs' | 'source' | 'version';
  version?: string;
  ttl_s?: number | null;
  scope?: 'run' | 'project' | 'shared';
  refresh?: boolean;
}

/** Something that can be a node: a built-in, a function of the project, a component of the document. */
export interface CatalogEntry {
  entry: string;
  label: string;
  category: string;
  icon: string;
  description: string;
  inputs: Port[];
  outputs: Port[];
}

/** Show a group as one box, or open it again. */
export interface Collapse {
  op: 'collapse';
  id: string;
  collapsed: boolean;
}

/** A note on a canvas. */
export interface Comment {
  text: string;
  position: [number, number];
}

/**
 * What changed: elements to add, elements that replace those of the same id, ids to remove (their edges named too).
 *
 * `faults` are those of the workflow as a whole, always all of them.
 */
export interface Delta {
  add: Element[];
  update: Element[];
  remove: string[];
  faults: string[];
}

/**
 * `source.output` is given to `input` of `target`, or `target` only waits for it (`kind` after).
 *
 * The id is `source.output->target.input` with nodes, output and input as the document says them; `output` is the port
 * that the edge begins at, empty for the whole of a node whose outputs aren't known. An edge that crosses the border
 * of a collapsed group ends at the group, at its port `node.port`. What is `plain` is no part of the workflow.
 */
export interface EdgeData {
  id: string;
  source: string;
  target: string;
  kind: 'data' | 'after' | 'plain';
  output: string;
  input: string;
  faults: string[];
}

/** An edge. */
export interface EdgeElement {
  group: 'edges';
  data: EdgeData;
}

/**
 * Why an attempt failed; `type` is the exception's class name, `traceback` shows the user's frames.
 *
 * `raised` is what a program that waits for the node may catch.
 */
export interface Failure {
  kind: 'error' | 'timeout' | 'crashed' | 'lost' | 'serialization' | 'input' | 'platform' | 'cancelled';
  type: string;
  message: string;
  traceback: string;
  raised: Raised | null;
}

/**
 * What changed of a run since the frame before: only the nodes that did; `values` are previews by edge id.
 *
 * `seq` is the cursor after it. The first frame of a watcher has all nodes.
 */
export interface Frame {
  run_id: string;
  seq: number;
  state: string;
  done: number;
  total: number;
  nodes: Record<string, NodeStatus>;
  values: Record<string, string>;
  error: string;
}

/**
 * An input of a node in a run.
 *
 * `source` says where it came from: `node.output`, `parameter n`, several of these, or nothing for a literal. There is
 * no `value` as long as it isn't known.
 */
export interface Given {
  name: string;
  source: string;
  value: Preview | null;
}

/** Nodes that a canvas frames together; a collapsed group is drawn as one box. A node is in one group at most. */
export interface Group {
  label?: string;
  nodes?: string[];
  collapsed?: boolean;
}

/** Put nodes into a new group. */
export interface GroupNodes {
  op: 'group';
  ids: string[];
  label?: string;
}

/** A node's bars. */
export interface Lane {
  id: string;
  state: string;
  bars: Bar[];
  critical: boolean;
}

/** From `source` to `target`: always from what was earlier to what came of it, whichever way `label` reads. */
export interface LineageEdge {
  id: string;
  label: string;
  source: string;
  target: string;
}

/** Part of the lineage; `truncated` says that there is more. */
export interface LineageGraph {
  vertices: LineageVertex[];
  edges: LineageEdge[];
  truncated: boolean;
}

/**
 * An `Execution` or `Artifact` of the lineage graph, with what is known of it.
 *
 * `name` is the execution's node, or `node.output` for an artifact.
 */
export interface LineageVertex {
  id: string;
  label: string;
  name: string;
  properties: Record<string, unknown>;
}

/** A line that a node wrote; `seq` is the cursor to go on from. */
export interface LogLine {
  seq: number;
  time: string;
  node: string;
  attempt: number;
  stream: string;
  level: string;
  text: string;
  fields: Record<string, JsonValue>;
}

/** Lines in order, and the cursor after them. `more` says that there are further ones already. */
export interface LogPage {
  lines: LogLine[];
  after: number;
  more: boolean;
}

/** What one attempt used. `peak_memory_bytes` is the resident peak of the process that ran the body. */
export interface Metrics {
  wall_s: number;
  cpu_s: number;
  peak_memory_bytes: number;
}

/** New places of nodes and comments, by id; groups are where their nodes are. */
export interface Move {
  op: 'move';
  positions: Record<string, [number, number]>;
}

/** One step. `component` is a component, or the name of one in `Workflow.components` or of a built-in. */
export interface Node {
  id: string;
  component: string | PythonFunction | Source | Pickled | Builtin;
  inputs?: Record<string, JsonValue>;
  outputs?: string[];
  after?: string[];
  platform?: string | PlatformSpec;
  retry?: Retry;
  timeout_s?: number | null;
  cache?: boolean | string | CachePolicy;
  resources?: Record<string, number>;
  at_most_once?: boolean;
  description?: string;
  attributes?: Record<string, JsonValue>;
}

/**
 * A box. `opaque` says that its code can't be understood and is never rewritten; `faults` are for its badge.
 *
 * Ids of groups begin with `group:`, those of comments with `comment:`; a comment's text is its `label`. A group has
 * the ids of its nodes in `members`, and is their `parent`; those of a collapsed group are no elements: it stands for
 * them, with a port `node.port` where an edge crosses its border. What is `plain` is no part of the workflow.
 */
export interface NodeData {
  id: string;
  kind: 'task' | 'group' | 'comment' | 'plain';
  label: string;
  component: string;
  icon: string;
  inputs: Port[];
  outputs: Port[];
  faults: string[];
  parent: string | null;
  members: string[];
  collapsed: boolean;
  opaque: boolean;
  description: string;
}

/** All that is known of a node in a run. */
export interface NodeDetail {
  id: string;
  state: string;
  attempt: number;
  started: string | null;
  finished: string | null;
  wall_s: number;
  cpu_s: number;
  peak_memory_bytes: number;
  platform: string;
  worker: string;
  cached_from: string;
  error: string;
  component: string;
  code: string;
  language: string;
  inputs: Given[];
  outputs: Preview[];
  metrics: Metrics;
  failure: Failure | null;
  attempts: Attempt[];
  environment: Record<string, string>;
  why: string;
  definition: Record<string, JsonValue>;
}

/** `position` is None for what nobody has placed yet. */
export interface NodeElement {
  group: 'nodes';
  data: NodeData;
  position: [number, number] | null;
}

/**
 * The property form of a node, or of the workflow (`id` is empty then): JSON Schema, and the data that fills it.
 *
 * `code` is the text of an inline source in `language`, None for other components. What a form returns goes into
 * `SetNode.fields` as it is.
 */
export interface NodeForm {
  id: string;
  schema: Record<string, unknown>;
  data: Record<string, JsonValue>;
  code: string | null;
  language: string;
  faults: string[];
}

/**
 * How a node is doing: the state of its task, `retrying` between attempts, or `cached` for results reused.
 *
 * `fraction` is how much is done, None if that isn't known; `note` is short: `3 of 10`.
 */
export interface NodeStatus {
  state: string;
  fraction: number | null;
  note: string;
  attempt: number;
  error: string;
}

/** A node of a run in a list. */
export interface NodeSummary {
  id: string;
  state: string;
  attempt: number;
  started: string | null;
  finished: string | null;
  wall_s: number;
  cpu_s: number;
  peak_memory_bytes: number;
  platform: string;
  worker: string;
  cached_from: string;
  error: string;
}

/** A value given when a run starts: required if it has no `default`, unless `required` is false; then it is null. */
export interface Parameter {
  type?: 'any' | 'string' | 'integer' | 'number' | 'boolean' | 'object' | 'array';
  default?: JsonValue;
  required?: boolean;
  description?: string;
}

/** Nodes that were copied (`Clipping`), at a place. */
export interface Paste {
  op: 'paste';
  clipping: string;
  position: [number, number];
}

/**
 * A function that can't be imported (notebook, lambda): base64 of cloudpickle, and its source for people.
 *
 * `digest` stands for what the function does, whatever its pickle looks like: two with the same one are the same code.
 * `modules` are those that it imports or refers to, by name.
 */
export interface Pickled {
  kind: 'pickled';
  name: string;
  data: string;
  source?: string;
  digest?: string;
  modules?: string[];
}

/** Where a node runs; `options` are checked by the platform's own model. */
export interface PlatformSpec {
  kind?: string;
  options?: Record<string, JsonValue>;
}

/**
 * A place on a node where an edge begins or ends: `type` is one of JSON Schema's, `table`, `bytes`, or `any`.
 *
 * `doc` is for people; `value` says in few words what an input has that no edge gives: a literal, a parameter, a
 * template, a default. An output without a name is all that a node gives.
 */
export interface Port {
  name: string;
  type: string;
  required: boolean;
  value: string;
  doc: string;
}

/**
 * A stored value, made safe to show: never HTML. `kind` says which field holds it.
 *
 * `table`: `columns`, `types`, the first `rows` as text, and how many there are in all (`row_count`). `image`: base64
 * in `data` of `media_type`, only raster images. `json` and `text`: `text`. `binary`: nothing but `summary`, a line
 * about the value that every kind has. `truncated` says that there is more of it than is here.
 */
export interface Preview {
  name: string;
  kind: 'table' | 'image' | 'json' | 'text' | 'binary';
  media_type: string;
  size: number;
  digest: string;
  summary: string;
  truncated: boolean;
  text: string;
  data: string;
  columns: string[];
  types: string[];
  rows: string[][];
  row_count: number;
}

/** A function that workers import: `package.module:qualified.name`. */
export interface PythonFunction {
  kind: 'python';
  ref: string;
}

/** The class of an exception and, as far as they are JSON, its `args` and attributes. */
export interface Raised {
  module: string;
  name: string;
  arguments: JsonValue[] | null;
  state: Record<string, JsonValue>;
}

/** Take away nodes, edges, groups (not their nodes) and comments. */
export interface Remove {
  op: 'remove';
  ids: string[];
}

/** A node, group or comment's new name; whatever refers to a node follows. */
export interface Rename {
  op: 'rename';
  id: string;
  to: string;
}

/**
 * How often, on what and how long to try again, with exponential backoff and jitter.
 *
 * `attempts` counts the first one. `on` lists exception class names or failure kinds (`error`, `timeout`, `crashed`);
 * empty means all of these. The n-th wait is `min(delay_s * factor**(n-1), max_delay_s)`, shortened at random by up to
 * the fraction `jitter`; no attempt begins later than `give_up_after_s` after the first.
 */
export interface Retry {
  attempts?: number;
  delay_s?: number;
  factor?: number;
  max_delay_s?: number;
  jitter?: number;
  on?: string[];
  give_up_after_s?: number | null;
}

/** A run with its nodes in the document's order, its parameters, and what it was submitted from. */
export interface RunDetail {
  run_id: string;
  workflow: string;
  state: string;
  requested: string;
  started: string | null;
  finished: string | null;
  active_s: number;
  nodes: number;
  counts: Record<string, number>;
  orphaned: boolean;
  dynamic: boolean;
  resumable: boolean;
  error: string;
  source: string;
  replay_of: string;
  parameters: Record<string, JsonValue>;
  digest: string;
  coordinator: string;
  epoch: number;
  context: Record<string, JsonValue>;
  tasks: NodeSummary[];
}

/** A run in a list. `counts` are its nodes by state; `orphaned` says that it is under way, but nobody drives it. */
export interface RunSummary {
  run_id: string;
  workflow: string;
  state: string;
  requested: string;
  started: string | null;
  finished: string | null;
  active_s: number;
  nodes: number;
  counts: Record<string, number>;
  orphaned: boolean;
  dynamic: boolean;
  resumable: boolean;
  error: string;
  source: string;
  replay_of: string;
}

/**
 * Fields of a node, as in the document, null takes one away; or what its form returned, as it is.
 *
 * `code` is the new text of a cell, whose outputs follow it.
 */
export interface SetNode {
  op: 'set_node';
  id: string;
  fields: Record<string, JsonValue>;
}

/** Fields of the workflow itself: name, description, parameters, outputs; or what its form returned, as it is. */
export interface SetWorkflow {
  op: 'set_workflow';
  fields: Record<string, JsonValue>;
}

/**
 * Code run as a cell: inputs are bound to names before it, `outputs` are names read after it.
 *
 * A last line that is an expression is the output `result`, if `outputs` has that name and the code doesn't bind it.
 * `setup` runs before the code, with the inputs bound: imports and definitions that the code uses but doesn't hold.
 */
export interface Source {
  kind: 'source';
  language?: string;
  code: string;
  setup?: string;
  outputs?: string[];
  filename?: string;
}

/** When the nodes of a run ran. */
export interface TimelineView {
  active_s: number;
  lanes: Lane[];
}

/**
 * A graph of nodes with parameters. `outputs` are the run's outputs; without any, those of its last nodes are.
 *
 * With `extra_parameters`, values for parameters that aren't declared are taken too; `{{ input }}` is all of them.
 * `layout`, `groups` and `comments` are for canvases: no run depends on them, so nothing in them is a fault, either.
 */
export interface Workflow {
  version: 'twingraph/1';
  name: string;
  description?: string;
  parameters?: Record<string, Parameter>;
  extra_parameters?: boolean;
  components?: Record<string, string | PythonFunction | Source | Pickled | Builtin>;
  nodes?: Node[];
  outputs?: Record<string, JsonValue>;
  layout?: Record<string, [number, number]>;
  groups?: Record<string, Group>;
  comments?: Record<string, Comment>;
}

/** A note on the canvas: a new one, or with `id` a new text. */
export interface WriteComment {
  op: 'comment';
  text: string;
  position?: [number, number] | null;
  id?: string;
}

export type Element = NodeElement | EdgeElement;

export type Edit =
  | AddNode
  | AddFile
  | AddEdge
  | Remove
  | Rename
  | Move
  | SetNode
  | SetWorkflow
  | Paste
  | GroupNodes
  | Collapse
  | WriteComment;
