// Frames of a run, gathered and drawn at most ten times a second, whatever the rate at which they come.
import type { Frame, NodeStatus } from '../schema';

const GAP_MS = 100;

/** What a watcher is told of a run. */
export interface RunProgress {
  run_id: string;
  state: string;
  done: number;
  total: number;
  error: string;
}

export class Live {
  progress: RunProgress | null = null;
  private nodes: Record<string, NodeStatus> = {};
  private values: Record<string, string> = {};
  private fresh = false;
  private last = 0;
  private timer = 0;

  /** `draw` gets what changed since it was last called; `begin` tells that it is another run. */
  constructor(
    private readonly draw: (nodes: Record<string, NodeStatus>, values: Record<string, string>, begin: boolean) => void
  ) {}

  take(frame: Frame): void {
    if (frame.run_id !== this.progress?.run_id) {
      this.nodes = {};
      this.values = {};
      this.fresh = true;
    }
    const { run_id, state, done, total, error } = frame;
    this.progress = { run_id, state, done, total, error };
    Object.assign(this.nodes, frame.nodes);
    Object.assign(this.values, frame.values);
    if (!this.timer) {
      const wait = Math.max(0, this.last + GAP_MS - performance.now());
      this.timer = window.setTimeout(() => requestAnimationFrame(() => this.flush()), wait);
    }
  }

  /** No run is shown any more. */
  clear(): void {
    this.progress = null;
    this.nodes = {};
    this.values = {};
    this.fresh = true;
    this.flush();
  }

  dispose(): void {
    window.clearTimeout(this.timer);
    this.timer = -1; // nothing is drawn any more
  }

  private flush(): void {
    if (this.timer < 0) {
      return;
    }
    const [nodes, values, begin] = [this.nodes, this.values, this.fresh];
    this.nodes = {};
    this.values = {};
    this.fresh = false;
    this.timer = 0;
    this.last = performance.now();
    this.draw(nodes, values, begin);
  }
}
